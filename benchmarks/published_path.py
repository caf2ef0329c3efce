"""The baseline: what the published inference computes, in this project's readable modules.

The vision-language model with eager attention, its language head over every token and a cache that nobody reads; then
the action expert, everything anew at every Euler step.
"""

import torch
from torch import Tensor
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import vlm_arguments
from zr0_policy.model.zr0 import Zr0Model


def published_features(model: Zr0Model, inputs: ModelInputs) -> Tensor:
    """Return the prompt features (B, L, C) before the final normalisation, with all that is computed beside them."""
    captured: list[Tensor] = []
    norm = model.vlm.model.language_model.norm
    handle = norm.register_forward_pre_hook(lambda _module, arguments: captured.append(arguments[0]))
    try:
        model.vlm(
            **vlm_arguments(model.vlm, inputs),
            use_cache=True,
            output_hidden_states=True,
        )
    finally:
        handle.remove()
    return captured[0]


def published_actions(model: Zr0Model, inputs: ModelInputs, features: Tensor, noise: Tensor, num_steps: int) -> Tensor:
    """Return normalised, padded actions (B, H, A) from prompt features."""
    return model.flow.sample(model.step_velocity(inputs, features), noise, inputs.action_mask, num_steps)


@torch.inference_mode()
def published_chunk(model: Zr0Model, inputs: ModelInputs, noise: Tensor, num_steps: int) -> Tensor:
    """Return normalised, padded actions (B, H, A) from images and states."""
    return published_actions(model, inputs, published_features(model, inputs), noise, num_steps)
