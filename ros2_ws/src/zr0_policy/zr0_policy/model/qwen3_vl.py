"""The one place that knows transformers' Qwen3-VL classes."""

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
        output = vlm.model(
            input_ids=inputs.input_ids,
            attention_mask=inputs.attention_mask,
            pixel_values=inputs.pixel_values.to(vlm.dtype),
            image_grid_thw=inputs.image_grid_thw,
            mm_token_type_ids=(inputs.input_ids == vlm.config.image_token_id).int(),
            use_cache=False,
        )
    finally:
        handle.remove()
    features: Tensor = captured[0] if feature_norm is FeatureNorm.PRE else output.last_hidden_state
    return features


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
