"""Write safetensors files tensor by tensor, casting on the way, so that no second copy of a model is in memory."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zr0_policy.checkpoint.safetensors_file import DTYPES, LENGTH, METADATA_KEY

PIECE_VALUES = 8 * 2**20
"""How many numbers are cast and written at a time."""

_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_DTYPE_ORDER = tuple(DTYPES.values())
_ALIGNMENT = 8
_METADATA = {"format": "pt"}


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """One tensor that is to be written."""

    name: str
    """Its name."""
    dtype: torch.dtype
    """The type to store it in."""
    shape: tuple[int, ...]
    """Its shape."""

    @property
    def num_values(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def num_bytes(self) -> int:
        """How many bytes they take."""
        return self.num_values * self.dtype.itemsize


def file_bytes(specs: Sequence[TensorSpec]) -> int:
    """Return the size of the file that `write_tensors` makes, bytes."""
    return len(_header(_in_file_order(specs))) + sum(spec.num_bytes for spec in specs)


def write_tensors(
    path: Path, specs: Sequence[TensorSpec], fetch: Callable[[TensorSpec], Tensor], report: Callable[[int], None]
) -> None:
    """Write a safetensors file.

    Source: the safetensors format. Order and header are those of its own library, so that equal tensors give equal
    files.

    Args:
        path: The file.
        specs: What it holds.
        fetch: Gives one tensor at a time, in any floating type and on any device.
        report: Called with the number of bytes after each piece.

    Raises:
        ValueError: A fetched tensor has another shape than was announced.
    """
    ordered = _in_file_order(specs)
    with path.open("wb", buffering=0) as file:
        _write_all(file.fileno(), _header(ordered))
        for spec in ordered:
            tensor = fetch(spec).detach()
            if tuple(tensor.shape) != spec.shape:
                raise ValueError(f"{spec.name} has shape {tuple(tensor.shape)}, expected {spec.shape}")
            values = tensor.reshape(-1)
            for first in range(0, values.numel(), PIECE_VALUES):
                piece = values[first : first + PIECE_VALUES].to(device="cpu", dtype=spec.dtype)
                data = piece.view(torch.uint8).numpy().data
                _write_all(file.fileno(), data)
                report(len(data))


def _in_file_order(specs: Sequence[TensorSpec]) -> list[TensorSpec]:
    return sorted(specs, key=lambda spec: (_DTYPE_ORDER.index(spec.dtype), spec.name))


def _header(ordered: Sequence[TensorSpec]) -> bytes:
    header: dict[str, Mapping[str, object]] = {METADATA_KEY: _METADATA}
    end = 0
    for spec in ordered:
        begin, end = end, end + spec.num_bytes
        header[spec.name] = {
            "dtype": _DTYPE_NAMES[spec.dtype],
            "shape": list(spec.shape),
            "data_offsets": [begin, end],
        }
    data = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    data += b" " * (-len(data) % _ALIGNMENT)
    return LENGTH.pack(len(data)) + data


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
