"""How a checkpoint is to be run, where the published files leave it open."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zr0_core.normalisation import NormalisationMethod
from zr0_core.schema import build

from zr0_policy.errors import CheckpointError
from zr0_policy.model.qwen3_vl import FeatureNorm, Rotation
from zr0_policy.preprocessing.image import Resizer
from zr0_policy.preprocessing.prompt import PromptMode


@dataclass(frozen=True, kw_only=True)
class Zr0Options:
    """Choices that belong to the weights. The defaults are those of the published checkpoints."""

    feature_norm: FeatureNorm = FeatureNorm.PRE
    """Where the prompt features are taken: before or after the language model's final normalisation."""
    image_size: int = 224
    """Side of the square that camera frames are stretched to, pixels."""
    resizer: Resizer = Resizer.PIL
    """Who stretches them."""
    rotation: Rotation = Rotation.FLOAT32
    """How exactly positions are embedded."""
    num_denoising_steps: int = 5
    """Euler steps of the flow."""
    normalisation: NormalisationMethod = NormalisationMethod.QUANTILE
    """Which statistics become -1 and 1."""
    pinned: tuple[str, ...] = ()
    """State and action components that did not vary in training."""
    mode: PromptMode = PromptMode.DIRECT
    """Whether to act at once, or to generate a sub-task first and act on it; the latter costs one pass per token."""
    max_sub_task_tokens: int = 64
    """Longest sub-task, tags included, tokens. A longer one is an error, because a cut one is not to be acted on."""
    window_size: int = 1
    """Frames per camera in a prompt, the newest included."""
    history_spacing_steps: int = 2
    """Executed actions between the frames of a window. Weights trained with a window know any number from 1 to the
    horizon; what is served best is the number that the arm executes from one inference to the next, because frames
    exist only where there was an inference: 2 for actions of 0.1 s and 5 inferences per second."""

    def __post_init__(self) -> None:
        for name in (
            "image_size",
            "num_denoising_steps",
            "max_sub_task_tokens",
            "window_size",
            "history_spacing_steps",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")

    @classmethod
    def from_mapping(cls, data: object, source: str) -> "Zr0Options":
        """Read the options, strictly.

        Raises:
            CheckpointError: A field is missing, unknown, of the wrong type or out of range.
        """
        try:
            return build(cls, data, "")
        except ValueError as error:
            raise CheckpointError(f"{source}: {error}") from error

    def to_mapping(self) -> Mapping[str, Any]:
        """Return the options, ready for JSON."""
        return dataclasses.asdict(self)
