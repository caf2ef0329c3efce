"""Check and read safetensors files, naming what is wrong with them."""

import json
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from zr0_policy.errors import CheckpointError

_LENGTH = struct.Struct("<Q")


def read_header(path: Path) -> dict[str, Any]:
    """Read the header of a safetensors file and check that the file is as long as the header says.

    Source: the safetensors format: an 8-byte little-endian header length, a JSON header, the data.

    Raises:
        CheckpointError: The file is missing, truncated, too long, or of another format.
    """
    if not path.is_file():
        raise CheckpointError(f"weights file {path} does not exist")
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(_LENGTH.size)
        if len(prefix) < _LENGTH.size:
            raise CheckpointError(f"{path} is truncated: it has only {size} bytes")
        (length,) = _LENGTH.unpack(prefix)
        if length > size - _LENGTH.size:
            raise CheckpointError(f"{path} is truncated or not a safetensors file: {size} bytes, header of {length}")
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise CheckpointError(f"{path} is not a safetensors file: its header is unreadable") from error
    expected = _LENGTH.size + length + max(ends, default=0)
    if size != expected:
        kind = "truncated" if size < expected else "too long"
        raise CheckpointError(f"{path} is {kind}: it has {size} bytes, its header promises {expected}")
    return dict(header)


def read_tensors(path: Path, device: torch.device | str) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file onto a device.

    Raises:
        CheckpointError: As `read_header`.
    """
    read_header(path)
    return load_file(path, device=str(device))
