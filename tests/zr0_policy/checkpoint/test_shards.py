import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.shards import plan_shards, read_shards
from zr0_policy.checkpoint.tensor_writer import TensorSpec
from zr0_policy.errors import CheckpointError

Copy = Callable[[Path], Path]


def spec(name: str, num_values: int) -> TensorSpec:
    return TensorSpec(name=name, dtype=torch.bfloat16, shape=(num_values,))


def test_tensors_fill_shards_in_order() -> None:
    shards = plan_shards([spec("a", 6), spec("b", 4), spec("c", 1), spec("d", 10)], shard_bytes=20)
    assert [(shard.file_name, [item.name for item in shard.specs]) for shard in shards] == [
        ("model-00001-of-00003.safetensors", ["a", "b"]),
        ("model-00002-of-00003.safetensors", ["c"]),
        ("model-00003-of-00003.safetensors", ["d"]),
    ]


def test_what_fits_into_one_file_gets_no_number() -> None:
    (shard,) = plan_shards([spec("a", 6), spec("b", 4)], shard_bytes=20)
    assert shard.file_name == "model.safetensors"


def test_a_tensor_larger_than_a_shard_gets_one_of_its_own_and_the_rest_goes_on() -> None:
    shards = plan_shards([spec("a", 6), spec("large", 11), spec("b", 4)], shard_bytes=20)
    assert [[item.name for item in shard.specs] for shard in shards] == [["large"], ["a", "b"]]


@pytest.mark.parametrize("seed", range(20))
def test_division_is_that_of_the_hub(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(1, 40, (30,), generator=generator).tolist()
    tensors = {f"t{index}": torch.zeros(size, dtype=torch.bfloat16) for index, size in enumerate(sizes)}
    theirs = split_torch_state_dict_into_shards(
        tensors, filename_pattern="model{suffix}.safetensors", max_shard_size=50
    )
    shards = plan_shards([spec(name, tensor.numel()) for name, tensor in tensors.items()], shard_bytes=50)
    ours = {shard.file_name: [item.name for item in shard.specs] for shard in shards}
    assert ours == theirs.filename_to_tensors


def test_a_shard_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="shard_bytes is 0, expected at least 1"):
        plan_shards([spec("a", 6)], shard_bytes=0)


def test_files_and_index_are_those_of_transformers(
    checkpoint: Checkpoint, saved_in_shards: Path, tmp_path: Path
) -> None:
    checkpoint.model.vlm.save_pretrained(str(tmp_path), max_shard_size=1_000_000)
    theirs = sorted(path.name for path in tmp_path.glob("model*"))
    assert theirs == sorted(path.name for path in saved_in_shards.glob("model*"))
    assert len(theirs) > 4
    for name in theirs:
        assert (saved_in_shards / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_one_file_and_several_hold_the_same(saved: Path, saved_in_shards: Path) -> None:
    one, several = read_shards(saved), read_shards(saved_in_shards)
    assert {(tensor.name, tensor.shape) for tensor in one} == {(tensor.name, tensor.shape) for tensor in several}
    assert {tensor.path.name for tensor in one} == {"model.safetensors"}
    assert len({tensor.path.name for tensor in several}) > 3


def test_symlinked_shards_are_followed(saved_in_shards: Path, tmp_path: Path) -> None:
    """As in the cache of a model hub: every file is a link to a blob elsewhere."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    for number, path in enumerate(sorted(saved_in_shards.glob("model*"))):
        (blobs / f"{number:064d}").write_bytes(path.read_bytes())
        (snapshot / path.name).symlink_to(Path("..") / "blobs" / f"{number:064d}")
    assert {tensor.name for tensor in read_shards(snapshot)} == {tensor.name for tensor in read_shards(saved_in_shards)}


def edit_index(directory: Path, change: Callable[[dict[str, str]], object]) -> None:
    path = directory / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    change(index["weight_map"])
    path.write_text(json.dumps(index))


NORM = "model.language_model.norm.weight"


@pytest.mark.parametrize(
    ("file_name", "match"),
    [
        ("../model-00001-of-00001.safetensors", "is in '../model-00001-of-00001.safetensors', expected the plain name"),
        ("/etc/passwd", "is in '/etc/passwd', expected the plain name"),
        ("folder/model.safetensors", "is in 'folder/model.safetensors', expected the plain name"),
        ("..", r"is in '\.\.', expected the plain name"),
        (".", r"is in '\.', expected the plain name"),
        ("", "is in '', expected the plain name"),
        (3, "is in 3, expected the plain name"),
        ("model-00009-of-00009.safetensors", r"model-00009-of-00009.safetensors does not exist"),
    ],
)
def test_an_index_that_leads_astray_is_refused(saved_in_shards: Path, copy: Copy, file_name: str, match: str) -> None:
    directory = copy(saved_in_shards)
    edit_index(directory, lambda weights: weights.update({NORM: file_name}))
    with pytest.raises(CheckpointError, match=match):
        read_shards(directory)


def test_an_index_that_names_a_tensor_twice_is_refused(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    path = directory / "model.safetensors.index.json"
    path.write_text(path.read_text().replace('"weight_map": {', f'"weight_map": {{\n    "{NORM}": "x.safetensors",'))
    with pytest.raises(CheckpointError, match=rf"index.json is not readable as JSON: '{NORM}' is given twice"):
        read_shards(directory)


def test_a_tensor_in_two_shards_is_refused(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    save_file({NORM: torch.zeros(96)}, str(directory / "model-extra.safetensors"))
    edit_index(directory, lambda weights: weights.update(another="model-extra.safetensors"))
    with pytest.raises(CheckpointError, match=rf"model-extra.safetensors holds {NORM}, but .* places it in model-0000"):
        read_shards(directory)


def test_a_shard_with_a_tensor_that_the_index_does_not_name_is_refused(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    edit_index(directory, lambda weights: weights.pop(NORM))
    with pytest.raises(CheckpointError, match=rf"safetensors holds {NORM}, but .* does not name it"):
        read_shards(directory)


def test_a_tensor_that_no_shard_holds_is_refused(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    edit_index(directory, lambda weights: weights.update(ghost=weights[NORM]))
    with pytest.raises(CheckpointError, match=r"places ghost in model-0000\d-of-\d+.safetensors, which does not hold"):
        read_shards(directory)


def test_a_missing_and_a_truncated_shard_are_named(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    shard = sorted(directory.glob("model-*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{shard.name} is truncated"):
        read_shards(directory)
    shard.unlink()
    with pytest.raises(CheckpointError, match=f"{shard.name} does not exist"):
        read_shards(directory)


def test_weights_in_both_forms_are_refused(saved_in_shards: Path, copy: Copy) -> None:
    directory = copy(saved_in_shards)
    (directory / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"has both model.safetensors and .*index.json; remove the stale one"):
        read_shards(directory)


def test_a_directory_without_weights_or_with_an_empty_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has neither model.safetensors nor model.safetensors.index.json"):
        read_shards(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    with pytest.raises(CheckpointError, match=r"index.json has no weight_map"):
        read_shards(tmp_path)
