"""Images as the vision tower takes them: stretched, scaled to -1..1 and cut into patches."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional
from zr0_core.types import ImageArray


class Resizer(StrEnum):
    """Who stretches images. Both are bicubic with the filter widened when shrinking."""

    TORCH = "torch"
    """Several times faster; at most two of 255 steps from PIL, on less than one pixel value in a hundred."""
    PIL = "pil"
    """The pixels that the published checkpoints were trained on: rows first, rounded, then columns."""


@dataclass(frozen=True, kw_only=True)
class PatchLayout:
    """How an image becomes patches."""

    image_size: int = 224
    """Side of the square that images are stretched to, pixels."""
    patch_size: int = 16
    """Side of a patch, pixels."""
    merge_size: int = 2
    """Patches per side that the vision tower merges into one token."""
    temporal_patch_size: int = 2
    """Times that a still image is repeated."""
    resizer: Resizer = Resizer.PIL
    """Who stretches images."""

    def __post_init__(self) -> None:
        for name in ("image_size", "patch_size", "merge_size", "temporal_patch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if self.image_size % (self.patch_size * self.merge_size):
            raise ValueError(
                f"image_size is {self.image_size}, expected a multiple of patch_size * merge_size = "
                f"{self.patch_size * self.merge_size}"
            )

    @property
    def patches_per_side(self) -> int:
        """Patches along one side of the image."""
        return self.image_size // self.patch_size

    @property
    def num_tokens(self) -> int:
        """Image tokens in the prompt."""
        return (self.patches_per_side // self.merge_size) ** 2

    @property
    def grid(self) -> tuple[int, int, int]:
        """Patches along time, height and width."""
        return (1, self.patches_per_side, self.patches_per_side)


def stretch(rgb: ImageArray, size: int, resizer: Resizer) -> ImageArray:
    """Resize an image (height, width, 3) to (size, size, 3) with a bicubic filter, not keeping the aspect."""
    if resizer is Resizer.PIL:
        # Two calls fix the order of the passes: by itself PIL 13 begins with the columns of some tall images.
        rows = Image.fromarray(rgb).resize((size, rgb.shape[0]), Image.Resampling.BICUBIC)
        return np.array(rows.resize((size, size), Image.Resampling.BICUBIC))
    if not rgb.flags.writeable:
        rgb = rgb.copy()  # torch has no tensors that may not be written
    planes = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    resized = functional.interpolate(planes, size=(size, size), mode="bicubic", antialias=True)
    return np.asarray(resized[0].permute(1, 2, 0).numpy())


def patchify(rgb: ImageArray, layout: PatchLayout) -> NDArray[np.float32]:
    """Cut an image into patches.

    Args:
        rgb: Pixels (image_size, image_size, 3) uint8, writable.
        layout: The patch layout.

    Returns:
        (patches, 3 * temporal_patch_size * patch_size^2), values in -1..1. The patches of one merged token follow each
        other; inside a patch the order is channel, time, row, column.
    """
    side, patch, merge = layout.patches_per_side, layout.patch_size, layout.merge_size
    scaled = torch.from_numpy(rgb).float().div_(127.5).sub_(1.0)
    blocks = scaled.view(side // merge, merge, patch, side // merge, merge, patch, 3)
    ordered = blocks.permute(0, 3, 1, 4, 6, 2, 5)  # (rows, columns, merge, merge, channel, patch row, patch column)
    still = ordered.unsqueeze(5).expand(-1, -1, -1, -1, -1, layout.temporal_patch_size, -1, -1)
    return np.asarray(still.reshape(side * side, -1).numpy())


def preprocess(rgb: ImageArray, layout: PatchLayout) -> NDArray[np.float32]:
    """Stretch a camera frame (height, width, 3) and cut it into patches."""
    return patchify(stretch(rgb, layout.image_size, layout.resizer), layout)
