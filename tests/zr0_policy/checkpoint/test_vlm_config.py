import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen3VLConfig
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.vlm_config import config_style, read_vlm_config, write_vlm_config
from zr0_policy.errors import CheckpointError

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    write_vlm_config(tmp_path / "config.json", checkpoint.model.vlm.config, torch.bfloat16)
    return tmp_path / "config.json"


def edit(path: Path, change: Change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_the_form_of_transformers_4_57_is_written(path: Path) -> None:
    data = json.loads(path.read_text())
    text = data["text_config"]
    assert text["rope_theta"] == 5_000_000.0
    assert text["rope_scaling"] == {"rope_type": "default", "mrope_section": [4, 4, 4], "mrope_interleaved": True}
    assert "rope_parameters" not in text
    assert data["dtype"] == "bfloat16"
    assert data["architectures"] == ["Qwen3VLForConditionalGeneration"]
    assert data["tie_word_embeddings"] is text["tie_word_embeddings"] is True
    assert not {"_name_or_path", "_attn_implementation"} & {*data, *text, *data["vision_config"]}
    assert config_style(path).startswith("transformers 4.57 form, written by 5.")


def test_what_is_written_is_read(checkpoint: Checkpoint, path: Path) -> None:
    ours, read = checkpoint.model.vlm.config, read_vlm_config(path)
    for part in ("text_config", "vision_config"):
        before, after = getattr(ours, part).to_dict(), getattr(read, part).to_dict()
        assert {**before, "dtype": None} == {**after, "dtype": None}
    assert read.image_token_id == ours.image_token_id
    write_vlm_config(path.with_name("again.json"), read, torch.bfloat16)
    assert path.with_name("again.json").read_bytes() == path.read_bytes()


def test_both_forms_mean_the_same(checkpoint: Checkpoint, path: Path, tmp_path: Path) -> None:
    """The newer form is written here by transformers itself."""
    newer = tmp_path / "newer"
    checkpoint.model.vlm.config.save_pretrained(str(newer))
    assert "rope_parameters" in json.loads((newer / "config.json").read_text())["text_config"]
    assert config_style(newer / "config.json").startswith("transformers 5 form")
    older = read_vlm_config(path).text_config.rope_parameters
    assert read_vlm_config(newer / "config.json").text_config.rope_parameters == older
    assert older["rope_theta"] == 5_000_000.0


def test_the_files_of_4_57_are_read(path: Path) -> None:
    """These keys are what 4.57.1 writes and 5 does not."""

    def change(data: dict[str, Any]) -> None:
        data["torch_dtype"] = data.pop("dtype")
        data["transformers_version"] = "4.57.1"
        data["vision_config"]["model_type"] = "qwen3_vl"
        data["vision_config"].pop("rope_parameters", None)
        del data["text_config"]["bos_token_id"]

    expected = read_vlm_config(path)
    edit(path, change)
    config = read_vlm_config(path)
    assert config_style(path) == "transformers 4.57 form, written by 4.57.1"
    assert config.text_config.rope_parameters == expected.text_config.rope_parameters
    assert config.vision_config.rope_parameters == {"rope_type": "axial", "rope_theta": 10_000.0}
    assert isinstance(config, Qwen3VLConfig)


@pytest.mark.parametrize(
    ("whole", "text", "expected"),
    [(True, True, True), (False, True, True), (True, False, True), (False, False, False), (None, True, True)],
)
def test_embeddings_are_tied_where_either_version_would(
    path: Path, whole: bool | None, text: bool, expected: bool
) -> None:
    def change(data: dict[str, Any]) -> None:
        data["tie_word_embeddings"], data["text_config"]["tie_word_embeddings"] = whole, text
        if whole is None:
            del data["tie_word_embeddings"]

    edit(path, change)
    assert read_vlm_config(path).tie_word_embeddings is expected


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda data: data.update(model_type="qwen2_5_vl"), "model_type is 'qwen2_5_vl', expected 'qwen3_vl'"),
        (lambda data: data.pop("model_type"), "model_type is None"),
        (lambda data: data.update(architectures=["Qwen3VLModel"]), r"architectures is \['Qwen3VLModel'\], expected"),
        (lambda data: data.update(architectures="x"), "architectures is 'x'"),
        (lambda data: data.pop("text_config"), "text_config must be a mapping, got None"),
        (lambda data: data.update(vision_config=[1]), r"vision_config must be a mapping, got \[1\]"),
        (lambda data: data["text_config"].pop("rope_theta"), "text_config has no rope_theta; the published models"),
        (lambda data: data["text_config"].update(vocab_size="many"), r"cannot be used: .*vocab_size"),
        (lambda data: data["text_config"].update(rope_scaling=3), "cannot be used"),
        (lambda data: data["vision_config"].update(hidden_size=None), r"cannot be used: .*hidden_size"),
    ],
)
def test_a_foreign_or_damaged_configuration_is_refused(path: Path, change: Change, match: str) -> None:
    edit(path, change)
    with pytest.raises(CheckpointError, match=match):
        read_vlm_config(path)


def test_an_absent_architecture_is_not_missed(path: Path) -> None:
    edit(path, lambda data: data.pop("architectures"))
    assert read_vlm_config(path).model_type == "qwen3_vl"
