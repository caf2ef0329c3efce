"""Weights in one file or in several with an index, as transformers lays them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.json_file import read_json_mapping, write_json
from zr0_policy.checkpoint.safetensors_file import StoredTensor, read_header
from zr0_policy.checkpoint.tensor_writer import TensorSpec
from zr0_policy.errors import CheckpointError

DEFAULT_SHARD_BYTES = 5_000_000_000
"""Largest weights file, as is usual on model hubs."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One file of the weights."""

    file_name: str
    """Its name."""
    specs: tuple[TensorSpec, ...]
    """What it holds."""


def plan_shards(specs: Sequence[TensorSpec], shard_bytes: int) -> tuple[Shard, ...]:
    """Divide tensors into files, in order; a tensor larger than a file gets one of its own.

    Source: transformers and huggingface_hub, `split_torch_state_dict_into_shards`.

    Args:
        specs: The tensors.
        shard_bytes: Most bytes of tensors in a file.

    Raises:
        ValueError: `shard_bytes` is not above 0.
    """
    if shard_bytes < 1:
        raise ValueError(f"shard_bytes is {shard_bytes}, expected at least 1")
    groups: list[list[TensorSpec]] = []
    group: list[TensorSpec] = []
    filled = 0
    for spec in specs:
        if spec.num_bytes > shard_bytes:
            groups.append([spec])
            continue
        if group and filled + spec.num_bytes > shard_bytes:
            groups.append(group)
            group, filled = [], 0
        group.append(spec)
        filled += spec.num_bytes
    if group:
        groups.append(group)
    if len(groups) == 1:
        return (Shard(file_name=layout.WEIGHTS, specs=tuple(groups[0])),)
    stem, suffix = Path(layout.WEIGHTS).stem, Path(layout.WEIGHTS).suffix
    return tuple(
        Shard(file_name=f"{stem}-{number:05d}-of-{len(groups):05d}{suffix}", specs=tuple(specs))
        for number, specs in enumerate(groups, start=1)
    )


def write_index(directory: Path, shards: Sequence[Shard]) -> None:
    """Write which shard holds which tensor, where there are several."""
    if len(shards) < 2:
        return
    specs = [spec for shard in shards for spec in shard.specs]
    metadata = {
        "total_parameters": sum(spec.num_values for spec in specs),
        "total_size": sum(spec.num_bytes for spec in specs),
    }
    weight_map = {spec.name: shard.file_name for shard in shards for spec in shard.specs}
    write_json(directory / layout.WEIGHTS_INDEX, {"metadata": metadata, "weight_map": weight_map}, sort_keys=True)


def read_shards(directory: Path) -> tuple[StoredTensor, ...]:
    """List the tensors of the vision-language model, in one file or in several with an index.

    Raises:
        CheckpointError: There is no weights file, or both forms; a file is damaged; or index and shards disagree.
    """
    single, index_path = directory / layout.WEIGHTS, directory / layout.WEIGHTS_INDEX
    if single.exists() and index_path.exists():
        raise CheckpointError(
            f"checkpoint {directory} has both {layout.WEIGHTS} and {layout.WEIGHTS_INDEX}; remove the stale one"
        )
    if not index_path.exists():
        if not single.exists():
            raise CheckpointError(f"checkpoint {directory} has neither {layout.WEIGHTS} nor {layout.WEIGHTS_INDEX}")
        return read_header(single)
    weight_map = _read_weight_map(index_path)
    tensors = [tensor for name in sorted(set(weight_map.values())) for tensor in read_header(directory / name)]
    _require_same(index_path, weight_map, tensors)
    return tuple(tensors)


def _read_weight_map(index_path: Path) -> dict[str, str]:
    weight_map = read_json_mapping(index_path).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index_path} has no weight_map")
    for name, file_name in weight_map.items():
        if not isinstance(file_name, str) or file_name in ("", "..") or Path(file_name).name != file_name:
            raise CheckpointError(
                f"{index_path}: {name} is in {file_name!r}, expected the plain name of a file in the same directory"
            )
    return weight_map


def _require_same(index_path: Path, weight_map: dict[str, str], tensors: Sequence[StoredTensor]) -> None:
    for tensor in tensors:
        placed = weight_map.get(tensor.name)
        if placed != tensor.path.name:
            where = f"places it in {placed}" if placed is not None else "does not name it"
            raise CheckpointError(f"{tensor.path} holds {tensor.name}, but {index_path.name} {where}")
    found = {tensor.name for tensor in tensors}
    for name, file_name in weight_map.items():
        if name not in found:
            raise CheckpointError(f"{index_path} places {name} in {file_name}, which does not hold it")
