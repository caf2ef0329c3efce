"""From observations to model inputs and from model outputs to actions: one object for both directions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.normalisation import NormalisationMethod, Normaliser
from zr0_core.types import FloatArray, Observation

from zr0_policy.errors import CheckpointError
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.preprocessing.image import PatchLayout, preprocess
from zr0_policy.preprocessing.prompt import prompt_mask, render, tokenize
from zr0_policy.preprocessing.tokens import Tokens


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
        self._prompt: tuple[str, Prompt] | None = None

    def prompt(self, instruction: str) -> Prompt:
        """Return the prompt of an instruction; the last one is kept.

        Raises:
            PromptError: The instruction cannot be put into a prompt.
        """
        if self._prompt is None or self._prompt[0] != instruction:
            keys = [camera.key for camera in self.embodiment.cameras]
            ids = tokenize(self.tokens, render(self.tokens, keys, instruction, self.layout.num_tokens))
            self._prompt = (instruction, Prompt(input_ids=ids, mask=prompt_mask(self.tokens, ids)))
        return self._prompt[1]

    def inputs(self, observation: Observation) -> ModelInputs:
        """Turn an observation into a batch of one.

        Raises:
            Zr0Error: The images are not those of the embodiment's cameras, in order.
            PromptError: The instruction cannot be put into a prompt.
        """
        expected = tuple(camera.key for camera in self.embodiment.cameras)
        got = tuple(image.key for image in observation.images)
        if got != expected:
            raise Zr0Error(f"the observation has images {', '.join(got) or 'none'}, expected {', '.join(expected)}")
        prompt = self.prompt(observation.instruction)
        patches = np.concatenate([preprocess(image.rgb, self.layout) for image in observation.images])
        state = self.state_normaliser.normalise(observation.state)
        return ModelInputs(
            input_ids=torch.from_numpy(prompt.input_ids)[None],
            attention_mask=torch.ones(1, len(prompt.input_ids), dtype=torch.int64),
            prompt_mask=torch.from_numpy(prompt.mask)[None],
            pixel_values=torch.from_numpy(patches),
            image_grid_thw=torch.tensor([self.layout.grid] * len(observation.images)),
            state=torch.from_numpy(state.astype(np.float32))[None, None],
            action_mask=self.action_mask(1),
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
