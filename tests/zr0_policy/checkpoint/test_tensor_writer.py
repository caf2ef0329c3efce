from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from zr0_policy.checkpoint.tensor_writer import PIECE_VALUES, TensorSpec, file_bytes, write_tensors


def ignore(_num_bytes: int) -> None:
    pass


def specs_of(tensors: dict[str, torch.Tensor], dtype: torch.dtype | None = None) -> list[TensorSpec]:
    return [
        TensorSpec(name=name, dtype=dtype or tensor.dtype, shape=tuple(tensor.shape))
        for name, tensor in tensors.items()
    ]


def write(path: Path, tensors: dict[str, torch.Tensor], dtype: torch.dtype | None = None) -> None:
    write_tensors(path, specs_of(tensors, dtype), lambda spec: tensors[spec.name], ignore)


def test_files_are_those_of_the_library_to_the_byte(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "z.weight": torch.randn(3, 5, generator=generator),
        "a.weight": torch.randn(4, generator=generator, dtype=torch.float64),
        "b.weight": torch.randn(7, generator=generator).to(torch.bfloat16),
        "a.half": torch.randn(2, 3, generator=generator).to(torch.float16),
        "é": torch.tensor(1.5),
        "empty": torch.empty(0, 3),
        "flags": torch.tensor([True, False, True]),
        **{
            f"numbers.{bits}": torch.arange(5).to(dtype)
            for bits, dtype in ((8, torch.int8), (16, torch.int16), (32, torch.int32), (64, torch.int64))
        },
        "bytes": torch.arange(5).to(torch.uint8),
    }
    save_file(tensors, str(tmp_path / "theirs"), metadata={"format": "pt"})
    write(tmp_path / "ours", tensors)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_the_size_is_known_beforehand(tmp_path: Path) -> None:
    for num in (0, 1, 5, 12, 100):
        tensors = {f"tensor{index}": torch.ones(index, 3) for index in range(num)}
        write(tmp_path / "file", tensors)
        assert file_bytes(specs_of(tensors)) == (tmp_path / "file").stat().st_size


def test_values_are_cast_on_the_way(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(1000, generator=torch.Generator().manual_seed(0))}
    write(tmp_path / "file", tensors, torch.bfloat16)
    assert torch.equal(load_file(tmp_path / "file")["a"], tensors["a"].to(torch.bfloat16))


def test_tensors_larger_than_a_piece_are_written_in_several(tmp_path: Path) -> None:
    tensor = torch.arange(2 * PIECE_VALUES + 17, dtype=torch.float32)
    reports: list[int] = []
    write_tensors(tmp_path / "file", specs_of({"a": tensor}, torch.bfloat16), lambda _: tensor, reports.append)
    assert reports == [2 * PIECE_VALUES, 2 * PIECE_VALUES, 34]
    assert torch.equal(load_file(tmp_path / "file")["a"], tensor.to(torch.bfloat16))


def test_views_and_parameters_are_written_as_they_look(tmp_path: Path) -> None:
    block = torch.arange(12.0).reshape(3, 4)
    tensors = {"turned": block.T, "part": block[:, 1:3], "parameter": torch.nn.Parameter(block)}
    write(tmp_path / "file", tensors)
    read = load_file(tmp_path / "file")
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


def test_a_tensor_of_another_shape_than_announced_is_refused(tmp_path: Path) -> None:
    specs = [TensorSpec(name="a", dtype=torch.float32, shape=(2, 3))]
    with pytest.raises(ValueError, match=r"a has shape \(3, 2\), expected \(2, 3\)"):
        write_tensors(tmp_path / "file", specs, lambda _: torch.ones(3, 2), ignore)


def test_writing_takes_little_memory_beside_the_tensors(tmp_path: Path) -> None:
    tensor = torch.ones(40_000_000)  # 160 MB, 80 MB as bfloat16
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = resident("VmHWM")
    write(tmp_path / "file", {"a": tensor}, torch.bfloat16)
    assert resident("VmHWM") - before < 6 * PIECE_VALUES


def resident(field: str) -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024
