from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from zr0_policy.checkpoint.safetensors_file import read_header
from zr0_policy.checkpoint.tensor_reader import PIECE_BYTES, TensorReader
from zr0_policy.errors import CheckpointError

CPU = torch.device("cpu")


def ignore(_num_bytes: int) -> None:
    pass


def read_all(path: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {stored.name: tensor for stored, tensor in TensorReader(CPU, dtype, ignore).read(read_header(path))}


@pytest.mark.parametrize("stored", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("asked", [torch.float32, torch.bfloat16])
def test_values_are_the_stored_ones_rounded_to_the_asked_type(
    tmp_path: Path, stored: torch.dtype, asked: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "matrix": torch.randn(7, 33, generator=generator, dtype=torch.float64).to(stored),
        "scalar": torch.tensor(0.1, dtype=stored),
        "empty": torch.empty(0, 4, dtype=stored),
        "special": torch.tensor([float("inf"), float("-inf"), 0.0, -0.0], dtype=stored),
    }
    save_file(tensors, str(tmp_path / "file.safetensors"))
    read = read_all(tmp_path / "file.safetensors", asked)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == asked
        assert torch.equal(read[name], tensor.to(asked)), name


@pytest.mark.parametrize("asked", [torch.float32, torch.bfloat16])
def test_tensors_larger_than_a_piece_are_read_in_several(tmp_path: Path, asked: torch.dtype) -> None:
    num_values = PIECE_BYTES // 4 + 12_345
    tensor = torch.randn(num_values, generator=torch.Generator().manual_seed(1))
    save_file({"small": torch.ones(3), "large": tensor}, str(tmp_path / "file.safetensors"))
    reports: list[int] = []
    reader = TensorReader(CPU, asked, reports.append)
    read = {stored.name: values.clone() for stored, values in reader.read(read_header(tmp_path / "file.safetensors"))}
    assert torch.equal(read["large"], tensor.to(asked))
    assert torch.equal(read["small"], torch.ones(3, dtype=asked))
    assert sorted(reports) == [12, 4 * 12_345, PIECE_BYTES]


@pytest.mark.parametrize("asked", [torch.float32, torch.bfloat16])
def test_tensors_go_to_the_device(tmp_path: Path, asked: torch.dtype) -> None:
    save_file({"a": torch.ones(3, 4)}, str(tmp_path / "file.safetensors"))
    reader = TensorReader(torch.device("meta"), asked, ignore)
    ((_, tensor),) = reader.read(read_header(tmp_path / "file.safetensors"))
    assert (tensor.device.type, tensor.dtype, tensor.shape) == ("meta", asked, (3, 4))


def test_a_file_that_shrinks_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    save_file({"a": torch.ones(100), "b": torch.ones(100)}, str(path))
    stored = read_header(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4)
    with pytest.raises(CheckpointError, match=r"file.safetensors became shorter while it was read: b is cut off"):
        list(TensorReader(CPU, torch.float32, ignore).read(stored))


def test_a_file_that_vanishes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    save_file({"a": torch.ones(100)}, str(path))
    stored = read_header(path)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"file.safetensors cannot be read: .*No such file"):
        list(TensorReader(CPU, torch.float32, ignore).read(stored))


@pytest.mark.parametrize("asked", [torch.float32, torch.bfloat16])
def test_reading_takes_little_memory_beside_the_tensors(tmp_path: Path, asked: torch.dtype) -> None:
    path = tmp_path / "file.safetensors"
    save_file({"a": torch.zeros(40_000_000)}, str(path))  # 160 MB
    stored = read_header(path)
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = resident("VmHWM")
    ((_, tensor),) = TensorReader(CPU, asked, ignore).read(stored)
    assert resident("VmHWM") - before < tensor.nbytes + 2.5 * PIECE_BYTES


def resident(field: str) -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024
