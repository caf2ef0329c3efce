"""Save a checkpoint directory so that it is either complete or not there."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from zr0_core.feature_statistics import save_statistics

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.errors import CheckpointError


def save_checkpoint(
    checkpoint: Checkpoint, directory: Path, *, dtype: torch.dtype | None = None, overwrite: bool = False
) -> None:
    """Write a checkpoint in the published layout with our own files beside.

    Everything is written into a sibling directory, flushed to disk, and renamed at the end.

    Args:
        checkpoint: What to save.
        directory: Where to.
        dtype: Type to store weights in; None keeps theirs.
        overwrite: Whether an existing directory may be replaced.

    Raises:
        CheckpointError: The directory exists and may not be replaced.
    """
    if directory.exists() and not overwrite:
        raise CheckpointError(f"{directory} exists; choose another name or allow overwriting")
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = directory.with_name(f".{directory.name}.{os.getpid()}.part")
    replaced = directory.with_name(f".{directory.name}.{os.getpid()}.old")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        _write(checkpoint, beside, dtype)
        for path in sorted(beside.rglob("*")):
            path.chmod(0o644)  # the safetensors writer leaves its files private
            _flush(path)
        _flush(beside)
        if directory.exists():
            directory.rename(replaced)
        beside.rename(directory)
        _flush(directory.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _write(checkpoint: Checkpoint, directory: Path, dtype: torch.dtype | None) -> None:
    model = checkpoint.model
    vlm_state = {name: _stored(tensor, dtype) for name, tensor in model.vlm.state_dict().items()}
    model.vlm.save_pretrained(str(directory), state_dict=vlm_state)
    checkpoint.tokens.tokenizer.save_pretrained(str(directory))
    expert_state = {name: _stored(tensor, dtype) for name, tensor in model.expert.state_dict().items()}
    save_file(expert_state, str(directory / layout.EXPERT_WEIGHTS), metadata={"format": "pt"})
    _write_json(directory / layout.EXPERT_CONFIG, model.expert.config.to_mapping())
    (directory / layout.EMBODIMENT).write_text(checkpoint.facts.embodiment.to_text(), encoding="utf-8")
    save_statistics(directory / layout.NORMALIZATION, checkpoint.facts.statistics)
    _write_json(directory / layout.OPTIONS, checkpoint.facts.options.to_mapping())
    _write_json(directory / layout.PROVENANCE, checkpoint.facts.provenance.to_mapping())


def _stored(tensor: torch.Tensor, dtype: torch.dtype | None) -> torch.Tensor:
    is_cast = dtype is not None and tensor.is_floating_point()
    return (tensor.to(dtype) if is_cast else tensor).detach().cpu().contiguous()


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
