"""Directories as transformers 4.57 and 5 write them are one and the same model here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.save import save_checkpoint

Copy = Callable[[Path], Path]


@pytest.fixture
def as_5(checkpoint: Checkpoint, saved: Path, copy: Copy) -> Path:
    """What transformers 5 writes of the same model, with our files beside."""
    directory = copy(saved)
    checkpoint.model.vlm.save_pretrained(str(directory))
    checkpoint.tokens.tokenizer.save_pretrained(str(directory))
    assert "rope_parameters" in json.loads((directory / "config.json").read_text())["text_config"]
    return directory


@pytest.fixture(params=["fast tokenizer", "slow tokenizer", "shards"])
def as_4_57(
    request: pytest.FixtureRequest,
    copy: Copy,
    model_as_4_57: Callable[[Path], None],
    tokenizer_as_4_57: Callable[[Path, bool], None],
) -> Path:
    """What transformers 4.57 writes of the same model, with our files beside."""
    directory = copy(request.getfixturevalue("saved_in_shards" if request.param == "shards" else "saved"))
    model_as_4_57(directory)
    tokenizer_as_4_57(directory, request.param != "slow tokenizer")
    return directory


def require_same(directory: Path, checkpoint: Checkpoint, observation: Observation) -> None:
    loaded = load_checkpoint(directory)
    theirs = Qwen3VLForConditionalGeneration.from_pretrained(str(directory), dtype=torch.float32)
    for listing in ("named_parameters", "named_buffers"):
        original = dict(getattr(checkpoint.model.vlm, listing)())
        reference = dict(getattr(theirs, listing)())
        ours = dict(getattr(loaded.model.vlm, listing)())
        assert list(ours) == list(reference) == list(original)
        assert all(torch.equal(ours[name], reference[name]) for name in ours)
        assert all(torch.equal(ours[name], original[name]) for name in ours)
    inputs = loaded.transforms().inputs(observation)
    noise = torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(0))
    expected = checkpoint.model.sample(checkpoint.transforms().inputs(observation), noise, 2)
    assert torch.equal(loaded.model.sample(inputs, noise, 2), expected)


def test_the_files_of_5_are_the_same_model(as_5: Path, checkpoint: Checkpoint, observation: Observation) -> None:
    require_same(as_5, checkpoint, observation)


def test_the_files_of_4_57_are_the_same_model(as_4_57: Path, checkpoint: Checkpoint, observation: Observation) -> None:
    require_same(as_4_57, checkpoint, observation)


def test_a_chat_template_in_json_will_do(as_4_57: Path, checkpoint: Checkpoint, observation: Observation) -> None:
    template = (as_4_57 / "chat_template.jinja").read_text()
    (as_4_57 / "chat_template.jinja").unlink()
    (as_4_57 / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    require_same(as_4_57, checkpoint, observation)


def test_what_is_saved_again_reads_under_4_57(as_4_57: Path, tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(as_4_57), tmp_path / "again")
    config = json.loads((tmp_path / "again" / "config.json").read_text())
    tokenizer = json.loads((tmp_path / "again" / "tokenizer_config.json").read_text())
    original = json.loads((as_4_57 / "config.json").read_text())
    assert config["text_config"]["rope_scaling"] == original["text_config"]["rope_scaling"]
    assert config["text_config"]["rope_theta"] == original["text_config"]["rope_theta"]
    assert not isinstance(tokenizer.get("extra_special_tokens"), list)
    for name in ("tokenizer.json", "preprocessor_config.json", "video_preprocessor_config.json"):
        assert (tmp_path / "again" / name).is_file()


def test_the_rotary_base_is_taken_from_the_file(
    saved: Path, copy: Copy, edit_json: Callable[[Path, Callable[[dict[str, Any]], object]], None]
) -> None:
    directory = copy(saved)
    edit_json(directory / "config.json", lambda data: data["text_config"].update(rope_theta=10_000.0))
    frequencies = load_checkpoint(directory).model.vlm.model.language_model.rotary_emb.inv_freq
    torch.testing.assert_close(frequencies[1].item(), 10_000.0 ** (-2 / 24), rtol=1e-6, atol=0)
