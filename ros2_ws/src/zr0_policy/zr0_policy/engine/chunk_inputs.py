"""What changes from chunk to chunk and from prompt to prompt, as tensors of fixed shapes."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from zr0_policy.engine.language_engine import RotationTables
from zr0_policy.model.qwen3_vl import VisionGeometry


@dataclass(frozen=True, kw_only=True)
class PromptPlan:
    """What a prompt determines alone, on the model's device. B prompts of L tokens after padding."""

    embeddings: Tensor
    """Embedded tokens (B, L, C); those of images are overwritten."""
    rotations: RotationTables
    """Rotations of all layers."""
    image_rows: Tensor
    """Where image tokens are among the B L tokens, (N T,)."""
    geometry: VisionGeometry
    """Positions of the image patches."""
    mask: Tensor | None
    """True at the tokens that the expert may see, (B, L) bool; None when it may see all."""


@dataclass(frozen=True, kw_only=True)
class ChunkInputs:
    """What a chunk is computed from under a plan, on the model's device."""

    pixel_values: Tensor
    """Image patches (N P, values), in -1..1."""
    state: Tensor
    """Normalised, padded states (B, 1, S)."""
    noise: Tensor
    """Standard normal (B K, H, A) for K samples of each observation."""
    action_mask: Tensor
    """1 at real action dimensions, 0 at padding, (B K, H, A)."""

    def to(self, device: torch.device) -> "ChunkInputs":
        """Move every tensor to a device."""
        return ChunkInputs(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})
