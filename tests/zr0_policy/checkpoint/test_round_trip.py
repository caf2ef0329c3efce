import json
from pathlib import Path

import pytest
import torch
from zr0_core.types import Observation
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.save import save_checkpoint
from zr0_policy.errors import CheckpointError


@pytest.fixture(scope="module")
def directory(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoints") / "saved"
    save_checkpoint(checkpoint, directory)
    return directory


def test_layout_is_the_published_one_with_ours_beside(directory: Path) -> None:
    assert sorted(path.name for path in directory.iterdir()) == [
        "action_expert.safetensors",
        "action_expert_config.json",
        "chat_template.jinja",
        "config.json",
        "embodiment.yaml",
        "generation_config.json",
        "model.safetensors",
        "normalization.json",
        "provenance.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "zr0_options.json",
    ]
    assert json.loads((directory / layout.CONFIG).read_text())["model_type"] == "qwen3_vl"
    assert not [path for path in directory.parent.iterdir() if path.name != "saved"]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o644}


def test_what_is_saved_is_loaded(checkpoint: Checkpoint, directory: Path, observation: Observation) -> None:
    loaded = load_checkpoint(directory)
    assert loaded.facts == checkpoint.facts
    ours, theirs = checkpoint.model.state_dict(), loaded.model.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    inputs = loaded.transforms().inputs(observation)
    noise = torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(0))
    expected = checkpoint.model.sample(checkpoint.transforms().inputs(observation), noise, 5)
    assert torch.equal(loaded.model.sample(inputs, noise, 5), expected)
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_half_precision_on_disk_is_rounding_only(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(checkpoint, tmp_path / "half", dtype=torch.bfloat16)
    loaded = load_checkpoint(tmp_path / "half")
    for name, tensor in checkpoint.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor.to(torch.bfloat16).float()), name
    assert load_checkpoint(tmp_path / "half", dtype=torch.bfloat16).model.expert.dtype == torch.bfloat16


def test_sharded_weights_load(checkpoint: Checkpoint, directory: Path, tmp_path: Path) -> None:
    sharded = tmp_path / "sharded"
    save_checkpoint(checkpoint, sharded)
    (sharded / layout.WEIGHTS).unlink()
    checkpoint.model.vlm.save_pretrained(str(sharded), max_shard_size="2MB")
    shards = sorted(sharded.glob("model-*.safetensors"))
    assert len(shards) > 1
    ours, theirs = load_checkpoint(directory).model.state_dict(), load_checkpoint(sharded).model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    shards[1].unlink()
    with pytest.raises(CheckpointError, match=f"{shards[1].name} does not exist"):
        load_checkpoint(sharded)


def test_an_official_directory_is_served_when_the_facts_are_given(checkpoint: Checkpoint, tmp_path: Path) -> None:
    official = tmp_path / "official"
    save_checkpoint(checkpoint, official)
    for name in layout.OWN_FILES:
        (official / name).unlink()
    with pytest.raises(CheckpointError, match=r"lacks embodiment.yaml, normalization.json, .* explicitly"):
        load_checkpoint(official)
    assert load_checkpoint(official, facts=checkpoint.facts).facts == checkpoint.facts


def test_nothing_is_overwritten_unless_asked(checkpoint: Checkpoint, directory: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="exists; choose another name or allow overwriting"):
        save_checkpoint(checkpoint, directory)
    target = tmp_path / "old"
    target.mkdir()
    (target / "leftover").write_text("old")
    save_checkpoint(checkpoint, target, overwrite=True)
    assert not (target / "leftover").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_failed_save_leaves_what_was_there(checkpoint: Checkpoint, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.mkdir()
    (target / "leftover").write_text("old")
    (tmp_path / "not_a_directory").write_text("")
    with pytest.raises((NotADirectoryError, FileExistsError)):
        save_checkpoint(checkpoint, tmp_path / "not_a_directory" / "below")
    broken = Checkpoint(model=checkpoint.model, tokens=None, facts=checkpoint.facts)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        save_checkpoint(broken, target, overwrite=True)
    assert (target / "leftover").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "not_a_directory"]
