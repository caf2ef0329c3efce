"""How a checkpoint is to be run, where the published files leave it open."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zr0_core.normalisation import NormalisationMethod
from zr0_core.schema import build

from zr0_policy.errors import CheckpointError
from zr0_policy.model.qwen3_vl import FeatureNorm


@dataclass(frozen=True, kw_only=True)
class Zr0Options:
    """Choices that belong to the weights. The defaults are those of the published checkpoints."""

    feature_norm: FeatureNorm = FeatureNorm.PRE
    """Where the prompt features are taken: before or after the language model's final normalisation."""
    image_size: int = 224
    """Side of the square that camera frames are stretched to, pixels."""
    num_denoising_steps: int = 5
    """Euler steps of the flow."""
    normalisation: NormalisationMethod = NormalisationMethod.QUANTILE
    """Which statistics become -1 and 1."""
    pinned: tuple[str, ...] = ()
    """State and action components that did not vary in training."""

    def __post_init__(self) -> None:
        for name in ("image_size", "num_denoising_steps"):
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
