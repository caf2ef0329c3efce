"""Headers of safetensors files, written here byte by byte."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from zr0_policy.checkpoint.safetensors_file import read_header
from zr0_policy.errors import CheckpointError


def write(path: Path, header: dict[str, Any] | bytes, num_data_bytes: int) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(num_data_bytes))
    return path


def entry(dtype: Any, shape: Any, offsets: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_tensors_lie_where_the_header_says(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "late": entry("BF16", [3], [24, 30]),
        "early": entry("F32", [2, 3], [0, 24]),
    }
    path = write(tmp_path / "two.safetensors", header, 30)
    begin = 8 + len(json.dumps(header))
    first, second = read_header(path)
    assert (first.name, first.dtype, first.shape, first.offset, first.num_bytes) == (
        "early",
        torch.float32,
        (2, 3),
        begin,
        24,
    )
    assert (second.name, second.dtype, second.num_values, second.offset) == ("late", torch.bfloat16, 3, begin + 24)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    ],
)
def test_files_of_the_library_are_read(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"a": torch.ones(5, 2).to(dtype), "scalar": torch.ones(()).to(dtype), "none": torch.ones(0, 3).to(dtype)}
    save_file(tensors, str(tmp_path / "file.safetensors"))
    stored = {tensor.name: tensor for tensor in read_header(tmp_path / "file.safetensors")}
    assert {name: (tensor.dtype, tensor.shape) for name, tensor in stored.items()} == {
        name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()
    }


LIES: dict[str, tuple[dict[str, Any] | bytes, int, str]] = {
    "overlap": (
        {"a": entry("F32", [2], [0, 8]), "b": entry("F32", [2], [4, 12])},
        12,
        r"tensor b overlaps a: it begins at byte \d+, expected \d+",
    ),
    "same bytes": ({"a": entry("U8", [4], [0, 4]), "b": entry("U8", [4], [0, 4])}, 4, "tensor [ab] overlaps [ab]"),
    "gap": ({"a": entry("U8", [4], [0, 4]), "b": entry("U8", [4], [6, 10])}, 10, "tensor b leaves a gap behind a"),
    "gap at the front": ({"a": entry("U8", [4], [2, 6])}, 6, "tensor a leaves a gap behind the header"),
    "beyond the end": ({"a": entry("F32", [4], [0, 16])}, 12, r"is truncated: it has \d+ bytes, its header promises"),
    "bytes left over": ({"a": entry("F32", [4], [0, 16])}, 20, "is too long"),
    "no tensors but bytes": ({}, 4, "is too long"),
    "shape and bytes differ": (
        {"a": entry("F32", [2, 2], [0, 12])},
        12,
        r"tensor a lies in bytes 0 to 12, but its shape \(2, 2\) as F32 takes 16",
    ),
    "backwards": ({"a": entry("U8", [4], [8, 4])}, 8, "lies in bytes 8 to 4"),
    "negative shape": ({"a": entry("U8", [-4], [0, 4])}, 4, r"has the shape \[-4\], expected a list of sizes"),
    "boolean shape": ({"a": entry("U8", [True], [0, 1])}, 1, r"has the shape \[True\]"),
    "no shape": ({"a": {"dtype": "U8", "data_offsets": [0, 4]}}, 4, "has the shape None"),
    "negative offset": ({"a": entry("U8", [4], [-4, 0])}, 4, r"has the offsets \[-4, 0\], expected where it begins"),
    "one offset": ({"a": entry("U8", [4], [4])}, 4, r"has the offsets \[4\]"),
    "huge shape": ({"a": entry("F32", [2**40, 2**40], [0, 16])}, 16, "takes 4835703278458516698824704"),
    "unknown type": ({"a": entry("F8_E4M3", [4], [0, 4])}, 4, "has the type 'F8_E4M3', available: I64, F64"),
    "type is a list": ({"a": entry(["F32"], [1], [0, 4])}, 4, r"has the type \['F32'\]"),
    "entry is a number": ({"a": 7}, 0, "tensor a must be a mapping, got 7"),
    "name twice": (
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
        "its header is unreadable: 'a' is given twice",
    ),
    "not a mapping": (b"[1, 2]", 0, "its header is unreadable: expected a mapping"),
    "not text": (b"\xff\xff\xff\xff", 0, "its header is unreadable"),
    "deeply nested": (b"[" * 100_000, 0, "nested too deeply"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_header_is_refused(tmp_path: Path, lie: str) -> None:
    header, num_bytes, match = LIES[lie]
    path = write(tmp_path / "file.safetensors", header, num_bytes)
    with pytest.raises(CheckpointError, match=match):
        read_header(path)


def test_files_that_are_no_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    with pytest.raises(CheckpointError, match=r"weights file .* does not exist"):
        read_header(path)
    with pytest.raises(CheckpointError, match=r"weights file .* is a directory"):
        read_header(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="is truncated: it has only 0 bytes"):
        read_header(path)
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(CheckpointError, match=r"truncated or not a safetensors file: 10 bytes, header of 4611686018"):
        read_header(path)


def test_a_header_of_insane_length_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100_000_001))
        file.truncate(200_000_000)  # takes no room on the disk
    with pytest.raises(CheckpointError, match="has a header of 100000001 bytes, expected at most 100000000"):
        read_header(path)


def test_no_random_damage_to_a_header_goes_unnamed(tmp_path: Path) -> None:
    whole = tmp_path / "whole.safetensors"
    save_file({"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16)}, str(whole))
    data = whole.read_bytes()
    rng = np.random.default_rng(0)
    (length,) = struct.unpack("<Q", data[:8])
    path = tmp_path / "damaged.safetensors"
    num_refused = 0
    for _ in range(500):
        damaged = bytearray(data)
        for position in rng.integers(0, 8 + length, size=rng.integers(1, 4)):
            damaged[position] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            tensors = read_header(path)
        except CheckpointError:
            num_refused += 1
            continue
        loaded = load_file(str(path))  # what is accepted, the library accepts with the same meaning
        assert {tensor.name: tensor.shape for tensor in tensors} == {
            name: tuple(tensor.shape) for name, tensor in loaded.items()
        }
    assert num_refused > 400
