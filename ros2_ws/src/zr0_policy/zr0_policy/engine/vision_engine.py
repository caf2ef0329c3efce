"""Qwen3-VL's vision tower for cameras of one size: all of them in one batch, positions computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLVisionBlock,
    Qwen3VLVisionModel,
    Qwen3VLVisionPatchMerger,
)

from zr0_policy.engine.projection import Projection, share
from zr0_policy.engine.rotation import rotate
from zr0_policy.model.qwen3_vl import VisionGeometry

_GELU = {"gelu": "none", "gelu_pytorch_tanh": "tanh"}


@dataclass(frozen=True, kw_only=True)
class ImageFeatures:
    """What the language model takes of N images of T tokens each."""

    tokens: Tensor
    """(N T, C)."""
    deep: tuple[Tensor, ...]
    """Added after the first language layers, each (N T, C)."""


class VisionEngine:
    """Encodes images with the weights of a vision tower, which stays usable and shares its memory.

    Args:
        visual: The vision tower, on its device.

    Raises:
        ValueError: Its activation is not implemented.
    """

    def __init__(self, visual: Qwen3VLVisionModel) -> None:
        activation = visual.config.hidden_act
        if activation not in _GELU:
            raise ValueError(f"vision_config.hidden_act is {activation!r}, expected one of {', '.join(_GELU)}")
        self._patch_matrix = visual.patch_embed.proj.weight.detach().flatten(1).t()  # (patch values, D)
        self._blocks = [_FastVisionBlock(block, _GELU[activation]) for block in visual.blocks]
        self._merger = _FastMerger(visual.merger)
        self._deep_mergers = {
            block: _FastMerger(merger)
            for block, merger in zip(visual.deepstack_visual_indexes, visual.deepstack_merger_list, strict=True)
        }

    def __call__(self, pixel_values: Tensor, geometry: VisionGeometry) -> ImageFeatures:
        """Encode N images.

        Args:
            pixel_values: Patches (N P, values), in -1..1.
            geometry: Positions of the patches.
        """
        patches = pixel_values.to(self._patch_matrix.dtype)
        rows = torch.addmm(geometry.patch_bias, patches, self._patch_matrix)
        deep = []
        for index, block in enumerate(self._blocks):
            rows = block(rows, geometry)
            if index in self._deep_mergers:
                deep.append(self._deep_mergers[index](rows))
        return ImageFeatures(tokens=self._merger(rows), deep=tuple(deep))


class _FastVisionBlock:
    def __init__(self, block: Qwen3VLVisionBlock, gelu: str) -> None:
        self._num_heads = block.attn.num_heads
        self._norm1, self._norm2 = block.norm1, block.norm2
        self._gelu = gelu
        self._project = share([block.attn.qkv])
        self._out = share([block.attn.proj])
        self._widen = share([block.mlp.linear_fc1])
        self._narrow = share([block.mlp.linear_fc2])

    def __call__(self, rows: Tensor, geometry: VisionGeometry) -> Tensor:
        """Map patches (N P, D)."""
        projected = self._project(_layer_norm(rows, self._norm1))
        split = projected.view(geometry.num_images, -1, 3, self._num_heads, projected.shape[1] // 3 // self._num_heads)
        rotated = rotate(split[:, :, :2], geometry.cosines, geometry.signed_sines).to(rows.dtype)
        queries, keys = rotated.permute(2, 0, 3, 1, 4)  # each (N, heads, P, head width)
        values = split[:, :, 2].transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        rows = self._out.added_to(rows, mixed.transpose(1, 2).reshape(rows.shape))
        hidden = functional.gelu(self._widen(_layer_norm(rows, self._norm2)), approximate=self._gelu)
        return self._narrow.added_to(rows, hidden)


class _FastMerger:
    """Merges neighbouring patches into one token."""

    def __init__(self, merger: Qwen3VLVisionPatchMerger) -> None:
        self._norm = merger.norm
        self._width = merger.hidden_size
        self._merges_first = merger.use_postshuffle_norm
        self._widen: Projection = share([merger.linear_fc1])
        self._narrow: Projection = share([merger.linear_fc2])

    def __call__(self, rows: Tensor) -> Tensor:
        """Map patches (N P, D) to tokens (N T, C)."""
        merged = rows.view(-1, self._width) if self._merges_first else rows
        normalised = _layer_norm(merged, self._norm).view(-1, self._width)
        return self._narrow(functional.gelu(self._widen(normalised)))


def _layer_norm(rows: Tensor, norm: nn.LayerNorm) -> Tensor:
    return functional.layer_norm(rows, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
