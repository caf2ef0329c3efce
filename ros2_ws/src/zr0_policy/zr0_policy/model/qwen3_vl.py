"""The one place that knows transformers' Qwen3-VL classes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration

from zr0_policy.model.inputs import ModelInputs


class FeatureNorm(StrEnum):
    """Where the prompt features are taken from the language model."""

    PRE = "pre"
    """Before the final normalisation, as the published checkpoints were trained."""
    POST = "post"
    """After the final normalisation."""


class Rotation(StrEnum):
    """How exactly the rotations of the position embedding are computed."""

    FLOAT32 = "float32"
    """As they are meant."""
    BFLOAT16 = "bfloat16"
    """As the published server computes them after casting the whole model: off by up to 0.1 rad at distant tokens."""


class _RoundedVisionRotation(nn.Module):
    """Positions, frequencies, cosines and sines in bfloat16 throughout."""

    _exact: Any

    def __init__(self, exact: nn.Module) -> None:
        super().__init__()
        self._exact = exact

    def forward(self, _like: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and sines (patches, head width) at rows and columns (patches, 2)."""
        frequencies = self._exact.inv_freq.to(device=position_ids.device, dtype=torch.bfloat16)
        angles = position_ids[..., None].to(torch.bfloat16) * frequencies
        compose = self._exact.recomposition_frequencies
        return compose(angles.cos()), compose(angles.sin())


def round_rotations(vlm: Qwen3VLForConditionalGeneration) -> None:
    """Compute rotations as `Rotation.BFLOAT16` from now on.

    The language model only rounds its frequencies; the vision tower also multiplies and takes cosines in bfloat16.
    """
    rotary = vlm.model.language_model.rotary_emb
    rotary.inv_freq = rotary.inv_freq.bfloat16().float()
    vlm.model.visual.rotary_pos_emb = _RoundedVisionRotation(vlm.model.visual.rotary_pos_emb)


def vlm_arguments(vlm: Qwen3VLForConditionalGeneration, inputs: ModelInputs) -> dict[str, Tensor]:
    """Name the inputs as the library's own forward and generate do."""
    return {
        "input_ids": inputs.input_ids,
        "attention_mask": inputs.attention_mask,
        "pixel_values": inputs.pixel_values.to(vlm.dtype),
        "image_grid_thw": inputs.image_grid_thw,
        "mm_token_type_ids": (inputs.input_ids == vlm.config.image_token_id).int(),
    }


def prompt_features(vlm: Qwen3VLForConditionalGeneration, inputs: ModelInputs, feature_norm: FeatureNorm) -> Tensor:
    """Run the vision-language model without its language head and return one feature per token, (B, L, C).

    The feature before the final normalisation is what enters the normalisation layer. It is captured there because
    `hidden_states[-1]` means the one or the other depending on the version of transformers.
    """
    captured: list[Tensor] = []

    def capture(_module: nn.Module, arguments: tuple[Any, ...]) -> None:
        captured.append(arguments[0])

    norm = vlm.model.language_model.norm
    handle = norm.register_forward_pre_hook(capture)
    try:
        output = vlm.model(**vlm_arguments(vlm, inputs), use_cache=False)
    finally:
        handle.remove()
    features: Tensor = captured[0] if feature_norm is FeatureNorm.PRE else output.last_hidden_state
    return features


@dataclass(frozen=True, kw_only=True)
class VisionGeometry:
    """What the vision tower computes from the sizes of N images alone; P patches of each, all of one size."""

    num_images: int
    """N."""
    patch_bias: Tensor
    """Bias of the patch embedding plus position, (N P, D)."""
    cosines: Tensor
    """Of the rotation of every patch, (P, 1, 1, head width) float32."""
    signed_sines: Tensor
    """Alike, the first half negated."""


def vision_geometry(vlm: Qwen3VLForConditionalGeneration, image_grid_thw: Tensor) -> VisionGeometry:
    """Ask the vision tower for the positions of images of one size.

    What enters its first block for black images is the bias and the position of every patch.

    Args:
        vlm: The model.
        image_grid_thw: Patches per image along time, height and width, (N, 3); all rows alike.

    Raises:
        ValueError: The images are of several sizes, or there is none.
    """
    grids = image_grid_thw.tolist()
    if not grids or any(grid != grids[0] for grid in grids):
        raise ValueError(f"image grids are {grids}, expected one or more of the same size")
    visual = vlm.model.visual
    values = visual.patch_embed.proj.weight[0].numel()
    num_patches = int(image_grid_thw.prod(-1).sum())
    captured: list[tuple[Tensor, Tensor, Tensor]] = []

    def capture(_module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        captured.append((arguments[0], *keywords["position_embeddings"]))

    handle = visual.blocks[0].register_forward_pre_hook(capture, with_kwargs=True)
    try:
        with torch.no_grad():
            black = torch.zeros(num_patches, values, device=vlm.device, dtype=vlm.dtype)
            visual(black, grid_thw=image_grid_thw.to(vlm.device))
    finally:
        handle.remove()
    patch_bias, cosines, sines = captured[0]
    per_image = num_patches // len(grids)
    first, second = sines[:per_image, None, None].float().chunk(2, dim=-1)
    return VisionGeometry(
        num_images=len(grids),
        patch_bias=patch_bias,
        cosines=cosines[:per_image, None, None].float(),
        signed_sines=torch.cat([-first, second], dim=-1),
    )


def embed(vlm: Qwen3VLForConditionalGeneration, input_ids: Tensor) -> Tensor:
    """Return the embeddings (B, L, C) of tokens (B, L)."""
    embedded: Tensor = vlm.get_input_embeddings()(input_ids)
    return embedded


def text_rotation(vlm: Qwen3VLForConditionalGeneration, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
    """Return cosines and sines (B, L, head width) of the rotation of every token, from its place around the images."""
    positions, _ = vlm.model.get_rope_index(
        inputs.input_ids,
        mm_token_type_ids=(inputs.input_ids == vlm.config.image_token_id).int(),
        image_grid_thw=inputs.image_grid_thw,
        attention_mask=inputs.attention_mask,
    )
    like = torch.empty(0, device=vlm.device, dtype=vlm.dtype)
    cosines, sines = vlm.model.language_model.rotary_emb(like, positions.to(vlm.device))
    return cosines, sines


def num_embedding_rows(vlm: Qwen3VLForConditionalGeneration) -> int:
    """Tokens that the model has embeddings for."""
    return int(vlm.get_input_embeddings().num_embeddings)


def feature_width(vlm: Qwen3VLForConditionalGeneration) -> int:
    """Width of the prompt features."""
    return int(vlm.config.text_config.hidden_size)


def unit_scale_(vlm: Qwen3VLForConditionalGeneration, generator: torch.Generator) -> None:
    """Draw every weight matrix anew at unit scale, so that a small random model has features of useful size."""
    for module in vlm.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.ndim < 2:
                continue
            fan_in = 1 if isinstance(module, nn.Embedding) else parameter[0].numel()
            with torch.no_grad():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * fan_in**-0.5)
