"""What a safetensors file holds, read from its header and checked to the byte.

Source: the safetensors format: an 8-byte little-endian header length, a JSON header, the tensors back to back.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import torch

from zr0_policy.checkpoint.json_file import parse_json_mapping
from zr0_policy.errors import CheckpointError

LENGTH = struct.Struct("<Q")
METADATA_KEY = "__metadata__"
MAX_HEADER_BYTES = 100_000_000
"""Longest header. Source: the limit of the safetensors library."""

DTYPES = {
    "I64": torch.int64,
    "F64": torch.float64,
    "F32": torch.float32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""Types by their names in files, in the order in which the safetensors library writes them."""


@dataclass(frozen=True, kw_only=True)
class StoredTensor:
    """One tensor in a file."""

    name: str
    """Its name."""
    path: Path
    """The file."""
    dtype: torch.dtype
    """The type that it is stored in."""
    shape: tuple[int, ...]
    """Its shape."""
    offset: int
    """Where its first byte lies, from the beginning of the file."""

    @property
    def num_values(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def num_bytes(self) -> int:
        """How many bytes it takes in the file."""
        return self.num_values * self.dtype.itemsize


def read_header(path: Path) -> tuple[StoredTensor, ...]:
    """List the tensors of a safetensors file in the order of their bytes, without reading them.

    Raises:
        CheckpointError: The file is missing, unreadable, truncated, too long or of another format, or its header
            claims bytes that overlap, leave a gap, do not fit a tensor's shape, or lie beyond the end.
    """
    if not path.is_file():
        raise CheckpointError(f"weights file {path} {'is a directory' if path.is_dir() else 'does not exist'}")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            prefix = file.read(LENGTH.size)
            if len(prefix) < LENGTH.size:
                raise CheckpointError(f"{path} is truncated: it has only {size} bytes")
            (length,) = LENGTH.unpack(prefix)
            if length > size - LENGTH.size:
                raise CheckpointError(
                    f"{path} is truncated or not a safetensors file: {size} bytes, header of {length}"
                )
            if length > MAX_HEADER_BYTES:
                raise CheckpointError(f"{path} has a header of {length} bytes, expected at most {MAX_HEADER_BYTES}")
            header = parse_json_mapping(file.read(length))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not a safetensors file: its header is unreadable: {error}") from error
    begin = LENGTH.size + length
    tensors = [_entry(path, name, entry, begin) for name, entry in header.items() if name != METADATA_KEY]
    tensors.sort(key=lambda tensor: (tensor.offset, tensor.num_bytes))
    _require_back_to_back(path, tensors, begin, size)
    return tuple(tensors)


def _entry(path: Path, name: str, entry: Any, begin: int) -> StoredTensor:
    where = f"{path}: tensor {name}"
    if not isinstance(entry, dict):
        raise CheckpointError(f"{where} must be a mapping, got {entry!r}")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise CheckpointError(f"{where} has the type {dtype!r}, available: {', '.join(DTYPES)}")
    if not _are_sizes(shape):
        raise CheckpointError(f"{where} has the shape {shape!r}, expected a list of sizes")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise CheckpointError(f"{where} has the offsets {offsets!r}, expected where it begins and ends")
    tensor = StoredTensor(name=name, path=path, dtype=DTYPES[dtype], shape=tuple(shape), offset=begin + offsets[0])
    if offsets[1] - offsets[0] != tensor.num_bytes:
        raise CheckpointError(
            f"{where} lies in bytes {offsets[0]} to {offsets[1]}, but its shape {tensor.shape} as {dtype} takes "
            f"{tensor.num_bytes}"
        )
    return tensor


def _are_sizes(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _require_back_to_back(path: Path, tensors: list[StoredTensor], begin: int, size: int) -> None:
    end = begin
    previous = "the header"
    for tensor in tensors:
        if tensor.offset != end:
            kind = "overlaps" if tensor.offset < end else "leaves a gap behind"
            raise CheckpointError(
                f"{path}: tensor {tensor.name} {kind} {previous}: it begins at byte {tensor.offset}, expected {end}"
            )
        end += tensor.num_bytes
        previous = tensor.name
    if size != end:
        kind = "truncated" if size < end else "too long"
        raise CheckpointError(f"{path} is {kind}: it has {size} bytes, its header promises {end}")
