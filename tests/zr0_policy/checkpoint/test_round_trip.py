import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from zr0_core.types import Observation
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.save import OTHER_BYTES, save_checkpoint
from zr0_policy.errors import CheckpointError
from zr0_policy.model.qwen3_vl import FeatureNorm

Copy = Callable[[Path], Path]
EMBEDDING = "model.language_model.embed_tokens.weight"


def same_weights(one: Checkpoint, other: Checkpoint) -> bool:
    ours, theirs = one.model.state_dict(), other.model.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_layout_is_the_published_one_with_ours_beside(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "action_expert.safetensors",
        "action_expert_config.json",
        "chat_template.jinja",
        "config.json",
        "embodiment.yaml",
        "generation_config.json",
        "model.safetensors",
        "normalization.json",
        "preprocessor_config.json",
        "provenance.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "video_preprocessor_config.json",
        "zr0_options.json",
    ]
    assert json.loads((saved / layout.CONFIG).read_text())["model_type"] == "qwen3_vl"
    assert not [path for path in saved.parent.iterdir() if path.name != "saved"]
    assert {path.stat().st_mode & 0o777 for path in saved.iterdir()} == {0o644}


def test_what_is_saved_is_loaded(checkpoint: Checkpoint, saved: Path, observation: Observation) -> None:
    loaded = load_checkpoint(saved)
    assert loaded.facts == checkpoint.facts
    assert same_weights(checkpoint, loaded)
    inputs = loaded.transforms().inputs(observation)
    noise = torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(0))
    expected = checkpoint.model.sample(checkpoint.transforms().inputs(observation), noise, 5)
    assert torch.equal(loaded.model.sample(inputs, noise, 5), expected)
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert not loaded.model.training


def test_what_is_loaded_is_saved_to_the_byte(saved: Path, tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(saved), tmp_path / "again")
    assert sorted(path.name for path in saved.iterdir()) == sorted(path.name for path in (tmp_path / "again").iterdir())
    for path in saved.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_half_precision_on_disk_is_rounding_only(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(checkpoint, tmp_path / "half", dtype=torch.bfloat16)
    loaded = load_checkpoint(tmp_path / "half")
    for name, tensor in checkpoint.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor.to(torch.bfloat16).float()), name
    assert {tensor.dtype for tensor in load_file(tmp_path / "half" / layout.WEIGHTS).values()} == {torch.bfloat16}
    assert {tensor.dtype for tensor in load_file(tmp_path / "half" / layout.EXPERT_WEIGHTS).values()} == {
        torch.bfloat16
    }
    assert json.loads((tmp_path / "half" / layout.CONFIG).read_text())["dtype"] == "bfloat16"
    half = load_checkpoint(tmp_path / "half", dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("feature_norm", list(FeatureNorm))
def test_options_reach_the_model(checkpoint: Checkpoint, tmp_path: Path, feature_norm: FeatureNorm) -> None:
    options = dataclasses.replace(checkpoint.facts.options, feature_norm=feature_norm)
    facts = dataclasses.replace(checkpoint.facts, options=options)
    save_checkpoint(dataclasses.replace(checkpoint, facts=facts), tmp_path / "mine")
    assert load_checkpoint(tmp_path / "mine").model.feature_norm is feature_norm


def test_tied_embeddings_are_stored_once(saved: Path) -> None:
    stored = load_file(saved / layout.WEIGHTS)
    assert EMBEDDING in stored
    assert "lm_head.weight" not in stored


def test_shards_hold_the_same(saved: Path, saved_in_shards: Path) -> None:
    assert len(list(saved_in_shards.glob("model-*.safetensors"))) > 3
    assert same_weights(load_checkpoint(saved), load_checkpoint(saved_in_shards))


def test_an_expert_is_in_the_published_layout_whatever_the_shards(saved: Path, saved_in_shards: Path) -> None:
    name = layout.EXPERT_WEIGHTS
    assert (saved_in_shards / name).read_bytes() == (saved / name).read_bytes()


def twin(directory: Path, change: Callable[[torch.Tensor], torch.Tensor], *, keep: bool) -> None:
    """Store the output embedding beside the input embedding, or in its place."""
    tensors = load_file(directory / layout.WEIGHTS)
    tensors["lm_head.weight"] = change(tensors[EMBEDDING]).clone()
    if not keep:
        del tensors[EMBEDDING]
    save_file(tensors, directory / layout.WEIGHTS, metadata={"format": "pt"})


@pytest.mark.parametrize("keep", [True, False])
def test_a_tied_embedding_may_be_stored_twice_or_under_its_other_name(
    checkpoint: Checkpoint, saved: Path, copy: Copy, keep: bool
) -> None:
    directory = copy(saved)
    twin(directory, lambda tensor: tensor, keep=keep)
    loaded = load_checkpoint(directory)
    assert same_weights(checkpoint, loaded)
    assert loaded.model.vlm.lm_head.weight is loaded.model.vlm.get_input_embeddings().weight


def test_two_different_tensors_for_one_are_refused(saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    twin(directory, lambda tensor: tensor + 1, keep=True)
    with pytest.raises(CheckpointError, match=rf"holds two different tensors for {EMBEDDING}, .*tie_word_embeddings"):
        load_checkpoint(directory)


def test_untied_embeddings_are_both_stored_and_loaded(saved: Path, copy: Copy, tmp_path: Path) -> None:
    directory = copy(saved)
    twin(directory, lambda tensor: tensor + 1, keep=True)
    config = json.loads((directory / layout.CONFIG).read_text())
    config["tie_word_embeddings"] = config["text_config"]["tie_word_embeddings"] = False
    (directory / layout.CONFIG).write_text(json.dumps(config))
    loaded = load_checkpoint(directory)
    assert torch.equal(loaded.model.vlm.lm_head.weight, loaded.model.vlm.get_input_embeddings().weight + 1)
    save_checkpoint(loaded, tmp_path / "again")
    assert same_weights(loaded, load_checkpoint(tmp_path / "again"))
    assert (tmp_path / "again" / layout.WEIGHTS).read_bytes() == (directory / layout.WEIGHTS).read_bytes()


@pytest.mark.parametrize("source", ["saved", "saved_in_shards"])
def test_progress_counts_every_byte_of_the_weights(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    directory = request.getfixturevalue(source)
    files = [*directory.glob("model*.safetensors"), directory / layout.EXPERT_WEIGHTS]
    total = sum(tensor.nbytes for path in files for tensor in load_file(path).values())
    reading: list[tuple[int, int]] = []
    writing: list[tuple[int, int]] = []
    checkpoint = load_checkpoint(directory, progress=lambda done, of: reading.append((done, of)))
    save_checkpoint(checkpoint, tmp_path / "again", progress=lambda done, of: writing.append((done, of)))
    for reports in (reading, writing):
        assert reports[0] == (0, total)
        assert reports[-1] == (total, total)
        assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def test_nothing_is_overwritten_unless_asked(checkpoint: Checkpoint, saved: Path, copy: Copy) -> None:
    with pytest.raises(CheckpointError, match="exists; choose another name or allow overwriting"):
        save_checkpoint(checkpoint, saved)
    directory = copy(saved)
    (directory / "leftover").write_text("old")
    save_checkpoint(checkpoint, directory, overwrite=True)
    assert not (directory / "leftover").exists()


def test_a_failed_save_leaves_what_was_there(checkpoint: Checkpoint, saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    (directory / "leftover").write_text("old")
    broken = dataclasses.replace(checkpoint, tokens=None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        save_checkpoint(broken, directory, overwrite=True)
    assert (directory / "leftover").read_text() == "old"
    assert [path.name for path in directory.parent.iterdir()] == [directory.name]


def test_a_place_that_cannot_be_written_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"checkpoint .*/file/below cannot be saved: "):
        save_checkpoint(checkpoint, tmp_path / "file" / "below")


def test_a_full_disk_is_told_before_anything_is_written(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = 4 * sum(parameter.numel() for parameter in checkpoint.model.parameters())
    free = OTHER_BYTES + weights  # the headers of the files do not fit any more
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2 * free, free, free))
    with pytest.raises(CheckpointError, match=rf"has {free / 2**20:.0f} MiB free, {free / 2**20:.0f} MiB are needed"):
        save_checkpoint(checkpoint, tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []
    save_checkpoint(checkpoint, tmp_path / "mine", dtype=torch.bfloat16)


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    def fill_up(num_done: int, _num_total: int) -> None:
        if num_done > 1_000_000:
            raise OSError(28, "No space left on device")

    with pytest.raises(CheckpointError, match=r"cannot be saved: .*No space left on device"):
        save_checkpoint(checkpoint, tmp_path / "mine", progress=fill_up)
    assert list(tmp_path.iterdir()) == []


def test_shards_without_room_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shard_bytes is -1, expected at least 1"):
        save_checkpoint(checkpoint, tmp_path / "mine", shard_bytes=-1)


def test_the_device_is_asked_for(saved: Path) -> None:
    model = load_checkpoint(saved, device="cpu").model
    assert {tensor.device.type for tensor in (*model.parameters(), *model.buffers())} == {"cpu"}


def test_symlinked_files_load(checkpoint: Checkpoint, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "snapshot").mkdir()
    for path in saved.iterdir():
        (tmp_path / "snapshot" / path.name).symlink_to(path)
    assert same_weights(checkpoint, load_checkpoint(tmp_path / "snapshot"))
