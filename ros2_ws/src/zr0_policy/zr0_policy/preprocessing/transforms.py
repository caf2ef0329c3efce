"""From observations to model inputs and from model outputs to actions: one object for both directions."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.normalisation import NormalisationMethod, Normaliser
from zr0_core.types import CameraImage, FloatArray, Observation

from zr0_policy.errors import CheckpointError
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.preprocessing.image import PatchLayout, preprocess
from zr0_policy.preprocessing.prompt import PromptMode, prompt_mask, render, tokenize, visible_mask
from zr0_policy.preprocessing.tokens import Tokens

Patches = NDArray[np.float32]
"""Image patches of all cameras at one moment, (patches, channels * 2 * patch * patch), in -1..1."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The tokens of an instruction under an embodiment's cameras."""

    input_ids: NDArray[np.int64]
    """(L,)."""
    mask: NDArray[np.bool_]
    """True where the action expert may look, (L,)."""


class Transforms:
    """The transform chain of one embodiment and one checkpoint, with its inverse.

    Args:
        embodiment: The robot.
        statistics: Value ranges by feature key; holds the embodiment's state and action.
        method: Which statistics become -1 and 1.
        pinned: Components that may be constant.
        config: The action expert's configuration; gives the padded sizes.
        tokens: The tokenizer.
        layout: How images become patches.

    Raises:
        CheckpointError: The statistics lack the state or the action or name other components than the embodiment, or
            its horizon is not the checkpoint's.
        NormalisationError: The statistics cannot be used by the method.
    """

    def __init__(
        self,
        *,
        embodiment: Embodiment,
        statistics: Mapping[str, FeatureStatistics],
        method: NormalisationMethod,
        pinned: tuple[str, ...],
        config: ActionExpertConfig,
        tokens: Tokens,
        layout: PatchLayout,
    ) -> None:
        if config.action_horizon != embodiment.action.horizon:
            raise CheckpointError(
                f"action_horizon of the checkpoint is {config.action_horizon}, action.horizon of embodiment "
                f"{embodiment.name} is {embodiment.action.horizon}"
            )
        self.embodiment = embodiment
        self.config = config
        self.tokens = tokens
        self.layout = layout
        self.state_normaliser = Normaliser.from_statistics(
            _select(statistics, embodiment.state.key, embodiment.state.names),
            method,
            pinned=tuple(name for name in pinned if name in embodiment.state.names),
            padded_size=config.state_dim,
        )
        self.action_normaliser = Normaliser.from_statistics(
            _select(statistics, embodiment.action.key, embodiment.action.names),
            method,
            pinned=tuple(name for name in pinned if name in embodiment.action.names),
            padded_size=config.action_dim,
        )
        self._prompt: tuple[tuple[str, PromptMode, int], Prompt] | None = None

    @property
    def camera_keys(self) -> tuple[str, ...]:
        """Feature keys of the cameras, in order."""
        return tuple(camera.key for camera in self.embodiment.cameras)

    def prompt(self, instruction: str, mode: PromptMode = PromptMode.DIRECT, window_size: int = 1) -> Prompt:
        """Return the prompt of an instruction; the last one is kept.

        Args:
            instruction: What to do, in words.
            mode: What to ask for.
            window_size: Frames per camera.

        Raises:
            PromptError: The instruction cannot be put into a prompt.
        """
        asked = (instruction, mode, window_size)
        if self._prompt is None or self._prompt[0] != asked:
            text = render(
                self.tokens,
                self.camera_keys,
                instruction,
                self.layout.num_tokens,
                mode=mode,
                window_size=window_size,
            )
            ids = tokenize(self.tokens, text)
            self._prompt = (asked, Prompt(input_ids=ids, mask=prompt_mask(self.tokens, ids)))
        return self._prompt[1]

    def patches(self, images: Sequence[CameraImage]) -> Patches:
        """Cut the frames of one moment into patches, camera after camera.

        Raises:
            Zr0Error: The images are not those of the embodiment's cameras, in order.
        """
        got = tuple(image.key for image in images)
        if got != self.camera_keys:
            raise Zr0Error(
                f"the observation has images {', '.join(got) or 'none'}, expected {', '.join(self.camera_keys)}"
            )
        return np.concatenate([preprocess(image.rgb, self.layout) for image in images])

    def inputs(self, observation: Observation, mode: PromptMode = PromptMode.DIRECT) -> ModelInputs:
        """Turn an observation without history into a batch of one.

        Raises:
            Zr0Error: The images are not those of the embodiment's cameras, in order.
            PromptError: The instruction cannot be put into a prompt.
        """
        window = [self.patches(observation.images)]
        return self.assemble(window, observation.state, observation.instruction, mode)

    def assemble(
        self, window: Sequence[Patches], state: FloatArray, instruction: str, mode: PromptMode = PromptMode.DIRECT
    ) -> ModelInputs:
        """Make a batch of one from a history window, up to the marker after which the model answers.

        Args:
            window: Patches of every moment as `patches` gives them, oldest first; the last belong to the state.
            state: State vector (S,), SI units.
            instruction: What to do, in words.
            mode: What to ask for.

        Raises:
            PromptError: The instruction cannot be put into a prompt.
        """
        prompt = self.prompt(instruction, mode, len(window))
        normalised = self.state_normaliser.normalise(state)
        return ModelInputs(
            input_ids=torch.from_numpy(prompt.input_ids)[None],
            attention_mask=torch.ones(1, len(prompt.input_ids), dtype=torch.int64),
            prompt_mask=torch.from_numpy(prompt.mask)[None],
            pixel_values=torch.from_numpy(np.concatenate(window) if len(window) > 1 else window[0]),
            image_grid_thw=torch.tensor([self.layout.grid] * (len(window) * len(self.camera_keys))),
            state=torch.from_numpy(normalised.astype(np.float32))[None, None],
            action_mask=self.action_mask(1),
        )

    def with_answer(self, inputs: ModelInputs, answer: Sequence[int], mode: PromptMode) -> ModelInputs:
        """Put an answer behind a prompt and mark what the action expert may see of both.

        Args:
            inputs: A batch of one without padding, as `assemble` gives it, on any device.
            answer: Tokens of the answer, the model's own or that of a training sample.
            mode: What the prompt asked for.

        Raises:
            PromptError: A sub-task was asked for and the answer does not close one.
            ValueError: The inputs are more than one prompt.
        """
        if len(inputs.input_ids) != 1:
            raise ValueError(f"an answer belongs to one prompt, got a batch of {len(inputs.input_ids)}")
        device = inputs.input_ids.device
        ids = torch.cat([inputs.input_ids, torch.tensor([list(answer)], dtype=torch.int64, device=device)], dim=1)
        mask = visible_mask(self.tokens, ids[0].cpu().numpy(), mode)
        return dataclasses.replace(
            inputs,
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            prompt_mask=torch.from_numpy(mask)[None].to(device),
        )

    def action_mask(self, batch: int) -> Tensor:
        """Return 1 at the real action dimensions and 0 at padding, (batch, H, A) float32."""
        mask = torch.from_numpy(self.action_normaliser.mask.astype(np.float32))
        return mask.expand(batch, self.config.action_horizon, -1)

    def targets(self, actions: FloatArray) -> Tensor:
        """Turn actions (..., H, A), SI units, into the model's normalised, padded actions, float32."""
        return torch.from_numpy(self.action_normaliser.normalise(actions).astype(np.float32))

    def actions(self, padded: Tensor) -> FloatArray:
        """Turn the model's normalised, padded actions (..., H, P) into actions (..., H, A), SI units.

        The gripper saturates at open and closed: a regressed value scatters around the end that it means. Nothing else
        is changed; the controller refuses what is not safe.
        """
        actions = self.action_normaliser.denormalise(padded.double().cpu().numpy())
        lower, upper = sorted((self.embodiment.gripper.open, self.embodiment.gripper.closed))
        actions[..., -1] = np.clip(actions[..., -1], lower, upper)
        return actions


def _select(statistics: Mapping[str, FeatureStatistics], key: str, names: tuple[str, ...]) -> FeatureStatistics:
    if key not in statistics:
        raise CheckpointError(f"the normalisation statistics lack {key!r}; they have: {', '.join(statistics)}")
    found = statistics[key]
    if found.names != names:
        raise CheckpointError(
            f"the normalisation statistics of {key!r} are for {', '.join(found.names)}, expected {', '.join(names)}"
        )
    return found
