"""What the model takes."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """A batch of prompts with their images and states. B batch, L tokens, N images, P patches of all images."""

    input_ids: Tensor
    """Tokens (B, L) int64, padded on the right."""
    attention_mask: Tensor
    """1 at tokens, 0 at padding, (B, L) int64."""
    prompt_mask: Tensor
    """True at the tokens that the action expert may see, (B, L) bool."""
    pixel_values: Tensor
    """Image patches (P, channels * 2 * patch * patch), in -1..1."""
    image_grid_thw: Tensor
    """Patches per image along time, height and width, (N, 3) int64."""
    state: Tensor
    """Normalised, padded state (B, 1, S)."""
    action_mask: Tensor
    """1 at real action dimensions, 0 at padding, (B, H, A)."""

    def to(self, device: torch.device | str) -> "ModelInputs":
        """Move every tensor to a device."""
        return ModelInputs(**{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})
