"""Save a checkpoint directory so that it is either complete or not there."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from zr0_core.feature_statistics import save_statistics

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.disk_space import require_space
from zr0_policy.checkpoint.json_file import write_json
from zr0_policy.checkpoint.processor_files import write_processor_files
from zr0_policy.checkpoint.progress import ByteCounter, Progress, ignore_progress
from zr0_policy.checkpoint.replacement import replaced_directory
from zr0_policy.checkpoint.shards import DEFAULT_SHARD_BYTES, Shard, plan_shards, write_index
from zr0_policy.checkpoint.tensor_writer import TensorSpec, file_bytes, write_tensors
from zr0_policy.checkpoint.tokenizer_files import write_tokens
from zr0_policy.checkpoint.vlm_config import write_vlm_config
from zr0_policy.checkpoint.vlm_skeleton import tied_names
from zr0_policy.errors import CheckpointError

OTHER_BYTES = 32 * 2**20
"""Room for everything but the weights; most of it is the tokenizer, 12 MB with the published vocabulary."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Tensors that are written together."""

    tensors: dict[str, Tensor]
    shards: tuple[Shard, ...]

    def fetch(self, spec: TensorSpec) -> Tensor:
        return self.tensors[spec.name]


def save_checkpoint(
    checkpoint: Checkpoint,
    directory: Path,
    *,
    dtype: torch.dtype | None = None,
    overwrite: bool = False,
    shard_bytes: int = DEFAULT_SHARD_BYTES,
    progress: Progress = ignore_progress,
) -> None:
    """Write a checkpoint in the published layout with our own files beside.

    Everything is written into a sibling directory, flushed to disk, and renamed at the end. Tensors are cast and
    written piece by piece: no second copy of the model is in memory.

    Args:
        checkpoint: What to save.
        directory: Where to.
        dtype: Type to store weights in; None keeps theirs.
        overwrite: Whether an existing checkpoint may be replaced.
        shard_bytes: Most bytes of tensors in a file of the vision-language model; more files are written as needed.
        progress: Told of the bytes that are written.

    Raises:
        CheckpointError: The directory exists and may not be replaced, the disk is too full, or writing fails.
        ValueError: `shard_bytes` is not above 0.
    """
    model = checkpoint.model
    tied = tied_names(model.vlm)
    vlm = {name: tensor for name, tensor in model.vlm.state_dict().items() if name not in tied}
    expert = model.expert.state_dict()
    shards = plan_shards(_specs(vlm, dtype), shard_bytes)
    expert_shard = Shard(file_name=layout.EXPERT_WEIGHTS, specs=_specs(expert, dtype))
    parts = (_Part(tensors=vlm, shards=shards), _Part(tensors=expert, shards=(expert_shard,)))
    num_bytes = sum(file_bytes(shard.specs) for part in parts for shard in part.shards)
    try:
        with replaced_directory(directory, overwrite=overwrite) as beside:
            require_space(beside.parent, num_bytes + OTHER_BYTES)
            write_index(beside, shards)
            _write_descriptions(checkpoint, beside, _stored_dtype(model.vlm, dtype))
            _write_weights(parts, beside, progress)
    except OSError as error:
        raise CheckpointError(f"checkpoint {directory} cannot be saved: {error}") from error


def _specs(tensors: dict[str, Tensor], dtype: torch.dtype | None) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            name=name,
            dtype=dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype,
            shape=tuple(tensor.shape),
        )
        for name, tensor in tensors.items()
    )


def _stored_dtype(module: nn.Module, dtype: torch.dtype | None) -> torch.dtype:
    return dtype if dtype is not None else next(module.parameters()).dtype


def _write_weights(parts: tuple[_Part, ...], directory: Path, progress: Progress) -> None:
    num_total = sum(spec.num_bytes for part in parts for shard in part.shards for spec in shard.specs)
    counter = ByteCounter(progress, num_total)
    for part in parts:
        for shard in part.shards:
            write_tensors(directory / shard.file_name, shard.specs, part.fetch, counter.add)


def _write_descriptions(checkpoint: Checkpoint, directory: Path, dtype: torch.dtype) -> None:
    vlm = checkpoint.model.vlm
    write_vlm_config(directory / layout.CONFIG, vlm.config, dtype)
    vlm.generation_config.save_pretrained(str(directory))
    write_processor_files(directory, vlm.config)
    write_tokens(directory, checkpoint.tokens)
    write_json(directory / layout.EXPERT_CONFIG, checkpoint.model.expert.config.to_mapping())
    (directory / layout.EMBODIMENT).write_text(checkpoint.facts.embodiment.to_text(), encoding="utf-8")
    save_statistics(directory / layout.NORMALIZATION, checkpoint.facts.statistics)
    write_json(directory / layout.OPTIONS, checkpoint.facts.options.to_mapping())
    write_json(directory / layout.PROVENANCE, checkpoint.facts.provenance.to_mapping())
