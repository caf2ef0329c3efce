"""The vision-language model without its weights, and how they get in."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from transformers import GenerationConfig, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.json_file import read_json_mapping
from zr0_policy.checkpoint.vlm_config import CONFIG_ERRORS
from zr0_policy.errors import CheckpointError


def build_vlm(config: Qwen3VLConfig, source: str) -> Qwen3VLForConditionalGeneration:
    """Build the model on the meta device: structure and shapes, no memory.

    Args:
        config: Its configuration.
        source: Where that comes from, for error messages.

    Raises:
        CheckpointError: transformers cannot build a model of this configuration.
    """
    try:
        with torch.device("meta"):
            return Qwen3VLForConditionalGeneration._from_config(config)
    except CONFIG_ERRORS as error:
        raise CheckpointError(f"{source} describes no model that can be built: {error}") from error


def tied_names(vlm: Qwen3VLForConditionalGeneration) -> dict[str, str]:
    """Return which tensors are one with another and therefore not stored: name by name of the one."""
    return dict(vlm.all_tied_weights_keys)


def put_weights(
    vlm: Qwen3VLForConditionalGeneration, tensors: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype
) -> None:
    """Make a model from the meta device real.

    Args:
        vlm: The model.
        tensors: Every tensor that is stored, on the device; they become the parameters, uncopied.
        device: Where the computed buffers go.
        dtype: What the model says that it computes in.

    Raises:
        CheckpointError: Something would be left without a value, because transformers computes it in an unknown way.
    """
    vlm.load_state_dict(dict(tensors), strict=False, assign=True)
    vlm.tie_weights()
    _compute_buffers(vlm, device)
    left = [name for name, tensor in [*vlm.named_parameters(), *vlm.named_buffers()] if tensor.is_meta]
    if left:
        raise CheckpointError(f"the vision-language model is incomplete: {', '.join(left[:5])} have no value")
    for part in (vlm.config, vlm.config.text_config, vlm.config.vision_config):
        part.dtype = dtype


def _compute_buffers(vlm: Qwen3VLForConditionalGeneration, device: torch.device) -> None:
    """Compute the rotary frequencies, which no file holds, on the CPU as transformers' own loading does.

    They stay in float32: in bfloat16 an angle at position 100 would be off by up to 0.09 rad.
    """
    for path, module in vlm.named_modules():
        names = [name for name, buffer in module.named_buffers(recurse=False) if buffer.is_meta]
        for name in names:
            buffer = getattr(module, name)
            setattr(module, name, torch.full(buffer.shape, torch.nan, dtype=buffer.dtype))
        if names:
            vlm._init_weights(module)
        for name in names:
            buffer = getattr(module, name)
            if not buffer.isfinite().all():
                raise CheckpointError(f"transformers does not compute {path}.{name}; use the version that is pinned")
            setattr(module, name, buffer.to(device))


def read_generation_config(directory: Path) -> GenerationConfig | None:
    """Read how the model generates text, where the directory says so.

    Raises:
        CheckpointError: The file is unreadable or has a field that transformers refuses.
    """
    path = directory / layout.GENERATION_CONFIG
    if not path.exists():
        return None
    read_json_mapping(path)
    try:
        return GenerationConfig.from_pretrained(str(directory), local_files_only=True)
    except CONFIG_ERRORS as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
