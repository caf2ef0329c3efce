"""A checkpoint in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from transformers import Qwen3VLConfig
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics

from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.errors import CheckpointError
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.image import PatchLayout
from zr0_policy.preprocessing.tokens import Tokens
from zr0_policy.preprocessing.transforms import Transforms


@dataclass(frozen=True, kw_only=True)
class ServingFacts:
    """What the published files leave out and serving needs."""

    embodiment: Embodiment
    """The robot that the weights are for."""
    statistics: Mapping[str, FeatureStatistics]
    """Value ranges of state and action by feature key."""
    options: Zr0Options
    """How to run the weights."""
    provenance: Provenance
    """Where they come from."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights with all that is needed to serve them."""

    model: Zr0Model
    """The model."""
    tokens: Tokens
    """Its tokenizer."""
    facts: ServingFacts
    """Embodiment, statistics, options and provenance."""

    def transforms(self) -> Transforms:
        """Build the transform chain of this checkpoint.

        Raises:
            CheckpointError: Statistics, embodiment and model do not fit each other.
            NormalisationError: The statistics cannot be used.
        """
        try:
            layout = patch_layout(self.facts.options, self.model.vlm.config)
        except ValueError as error:
            raise CheckpointError(f"the image size does not fit the vision tower: {error}") from error
        return Transforms(
            embodiment=self.facts.embodiment,
            statistics=self.facts.statistics,
            method=self.facts.options.normalisation,
            pinned=self.facts.options.pinned,
            config=self.model.expert.config,
            tokens=self.tokens,
            layout=layout,
        )


def patch_layout(options: Zr0Options, config: Qwen3VLConfig) -> PatchLayout:
    """Return how images become patches for a vision-language model.

    Raises:
        ValueError: The image size is no multiple of the vision tower's merged patches.
    """
    vision = config.vision_config
    return PatchLayout(
        image_size=options.image_size,
        patch_size=vision.patch_size,
        merge_size=vision.spatial_merge_size,
        temporal_patch_size=vision.temporal_patch_size,
        resizer=options.resizer,
    )
