"""Text from the vision-language model."""

from collections.abc import Collection

import torch
from transformers import GenerationConfig, Qwen3VLForConditionalGeneration

from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import vlm_arguments


@torch.inference_mode()
def generate_greedily(
    vlm: Qwen3VLForConditionalGeneration, inputs: ModelInputs, *, stop_ids: Collection[int], max_new_tokens: int
) -> tuple[int, ...]:
    """Continue a prompt with the likeliest token at a time.

    The settings in the checkpoint's `generation_config.json`, such as sampling or penalties, play no part.

    Args:
        vlm: The vision-language model.
        inputs: A batch of one without padding, on the model's device.
        stop_ids: Tokens to stop after.
        max_new_tokens: Tokens to generate at most.

    Returns:
        The new tokens; the last is one of `stop_ids` unless there are `max_new_tokens` of them.

    Raises:
        ValueError: The inputs are more than one prompt, or there is nothing to stop at or to generate.
    """
    if len(inputs.input_ids) != 1:
        raise ValueError(f"one prompt is continued at a time, got a batch of {len(inputs.input_ids)}")
    if not stop_ids or max_new_tokens < 1:
        raise ValueError(f"stop_ids are {stop_ids} and max_new_tokens {max_new_tokens}, expected at least 1 of each")
    # `generate` fills what a configuration leaves open from the model's own, which therefore has to go for the moment.
    own, vlm.generation_config = vlm.generation_config, GenerationConfig()
    try:
        ids = vlm.generate(
            **vlm_arguments(vlm, inputs),
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=sorted(stop_ids),
            pad_token_id=min(stop_ids),
        )
    finally:
        vlm.generation_config = own
    return tuple(ids[0, inputs.input_ids.shape[1] :].tolist())
