"""The small random ZR-0 on disk, shared by the tests of checkpoints."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.save import save_checkpoint


@pytest.fixture(scope="session")
def saved(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved checkpoint, not to be changed."""
    directory = tmp_path_factory.mktemp("checkpoints") / "saved"
    save_checkpoint(checkpoint, directory)
    return directory


@pytest.fixture(scope="session")
def saved_in_shards(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in several files, not to be changed."""
    directory = tmp_path_factory.mktemp("checkpoints") / "sharded"
    save_checkpoint(checkpoint, directory, shard_bytes=1_000_000)
    return directory


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a directory to where it may be changed."""

    def make(source: Path) -> Path:
        return Path(shutil.copytree(source, tmp_path / "copy"))

    return make


@pytest.fixture
def edit_json() -> Callable[[Path, Callable[[dict[str, Any]], object]], None]:
    """Change a JSON file in place."""

    def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return edit


@pytest.fixture
def tokenizer_as_4_57() -> Callable[[Path, bool], None]:
    """Rewrite tokenizer files as transformers 4.57 does; without tokenizer.json where its slow tokenizer saved."""

    def rewrite(directory: Path, is_fast: bool) -> None:
        data = json.loads((directory / "tokenizer.json").read_text())
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in data["model"]["merges"]]
        added = {token["content"]: token["id"] for token in data["added_tokens"]}
        keys = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
        special = [content for content in added if content.startswith(("<robot", "<SUB", "</SUB"))]
        config = {
            "add_prefix_space": False,
            "added_tokens_decoder": {
                str(token["id"]): {key: token[key] for key in keys} for token in data["added_tokens"]
            },
            "additional_special_tokens": special,
            "bos_token": None,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|endoftext|>",
            "errors": "replace",
            "extra_special_tokens": {},
            "model_max_length": 131072,
            "pad_token": "<|endoftext|>",
            "processor_class": "Qwen3VLProcessor",
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        }
        (directory / "vocab.json").write_text(json.dumps(data["model"]["vocab"], ensure_ascii=False))
        (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
        (directory / "added_tokens.json").write_text(json.dumps(added))
        (directory / "tokenizer_config.json").write_text(json.dumps(config))
        (directory / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": special}))
        if not is_fast:
            (directory / "tokenizer.json").unlink()

    return rewrite


@pytest.fixture
def model_as_4_57(
    edit_json: Callable[[Path, Callable[[dict[str, Any]], object]], None],
) -> Callable[[Path], None]:
    """Rewrite the configuration with the keys that transformers 4.57.1 writes and 5 does not."""

    def change(data: dict[str, Any]) -> None:
        text, vision = data["text_config"], data["vision_config"]
        if "rope_parameters" in text:
            rope = text.pop("rope_parameters")
            text["rope_theta"] = rope.pop("rope_theta")
            text["rope_scaling"] = rope
        text.pop("bos_token_id", None)
        vision.pop("rope_parameters", None)
        vision["model_type"] = "qwen3_vl"
        data["torch_dtype"] = data.pop("dtype")
        data["transformers_version"] = "4.57.1"

    return lambda directory: edit_json(directory / "config.json", change)
