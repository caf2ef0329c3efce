"""What the model takes."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional


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

    def padded(self, num_tokens: int) -> "ModelInputs":
        """Append tokens that nothing looks at; any id will do."""
        if num_tokens == 0:
            return self
        more = (0, num_tokens)
        return replace(
            self,
            input_ids=functional.pad(self.input_ids, more),
            attention_mask=functional.pad(self.attention_mask, more),
            prompt_mask=functional.pad(self.prompt_mask, more),
        )

    def repeated(self, num: int) -> "ModelInputs":
        """Repeat every observation several times in a row."""
        if num == 1:
            return self
        batch, num_images = len(self.input_ids), len(self.image_grid_thw)
        images = self.pixel_values.view(batch, -1, self.pixel_values.shape[-1])  # (B, patches, values)
        grids = self.image_grid_thw.view(batch, num_images // batch, 3)
        rows = {
            name: getattr(self, name).repeat_interleave(num, dim=0)
            for name in ("input_ids", "attention_mask", "prompt_mask", "state", "action_mask")
        }
        return replace(
            self,
            **rows,
            pixel_values=images.repeat_interleave(num, dim=0).flatten(0, 1),
            image_grid_thw=grids.repeat_interleave(num, dim=0).flatten(0, 1),
        )
