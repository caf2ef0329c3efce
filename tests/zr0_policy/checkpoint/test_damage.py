"""Every way to damage a checkpoint is refused by name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from zr0_core.errors import Zr0Error
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.save import save_checkpoint

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoints") / "whole"
    save_checkpoint(checkpoint, directory)
    return directory


def remove(name: str) -> Damage:
    return lambda directory: (directory / name).unlink()


def cut(name: str, num_bytes: int) -> Damage:
    def damage(directory: Path) -> None:
        data = (directory / name).read_bytes()
        (directory / name).write_bytes(data[:num_bytes])

    return damage


def write(name: str, text: str) -> Damage:
    def damage(directory: Path) -> None:
        (directory / name).write_text(text)

    return damage


def append(name: str, data: bytes) -> Damage:
    def damage(directory: Path) -> None:
        with (directory / name).open("ab") as file:
            file.write(data)

    return damage


def scramble(name: str) -> Damage:
    def damage(directory: Path) -> None:
        with (directory / name).open("r+b") as file:
            file.seek(8)
            file.write(b"not json")

    return damage


def both(first: Damage, second: Damage) -> Damage:
    def damage(directory: Path) -> None:
        first(directory)
        second(directory)

    return damage


def edit(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(directory: Path) -> None:
        data = json.loads((directory / name).read_text())
        change(data)
        (directory / name).write_text(json.dumps(data))

    return damage


def edit_tensors(name: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    def damage(directory: Path) -> None:
        tensors = load_file(str(directory / name))
        change(tensors)
        save_file(tensors, str(directory / name), metadata={"format": "pt"})

    return damage


EXPERT = layout.EXPERT_WEIGHTS
CASES: dict[str, tuple[Damage, str]] = {
    "no config": (remove("config.json"), "lacks config.json; it is not a ZR-0 checkpoint"),
    "no expert": (remove(EXPERT), "lacks action_expert.safetensors"),
    "no weights": (remove("model.safetensors"), "neither model.safetensors nor model.safetensors.index.json"),
    "no provenance": (remove("provenance.json"), "lacks provenance.json; give embodiment"),
    "no tokenizer": (remove("tokenizer.json"), "the tokenizer"),
    "no template": (remove("chat_template.jinja"), "chat_template.jinja is missing"),
    "truncated weights": (cut("model.safetensors", -100), r"model.safetensors is truncated: it has \d+ bytes"),
    "truncated header": (cut(EXPERT, 100), "action_expert.safetensors is truncated or not a safetensors file"),
    "empty weights": (cut(EXPERT, 0), "action_expert.safetensors is truncated: it has only 0 bytes"),
    "appended weights": (append(EXPERT, b"more"), r"action_expert.safetensors is too long: it has \d+ bytes"),
    "scrambled header": (
        scramble(EXPERT),
        "action_expert.safetensors is not a safetensors file: its header is unreadable",
    ),
    "empty index": (
        both(remove("model.safetensors"), write(layout.WEIGHTS_INDEX, "{}")),
        "model.safetensors.index.json has no weight_map",
    ),
    "foreign weights": (write(EXPERT, "PK" + "x" * 200), "action_expert.safetensors is truncated or not a safetensors"),
    "other model": (edit("config.json", lambda data: data.update(model_type="llama")), "model_type is 'llama'"),
    "config not JSON": (write("config.json", "{"), "config.json is not readable as JSON"),
    "expert key gone": (
        edit_tensors(EXPERT, lambda tensors: tensors.pop("dit.proj_out_1.bias")),
        "action_expert.safetensors lacks the tensors dit.proj_out_1.bias",
    ),
    "expert key too many": (
        edit_tensors(EXPERT, lambda tensors: tensors.update(extra=torch.zeros(1))),
        "action_expert.safetensors has unknown tensors extra",
    ),
    "expert shape": (
        edit_tensors(EXPERT, lambda tensors: tensors.update({"dit.proj_out_2.bias": torch.zeros(7)})),
        r"dit.proj_out_2.bias has shape \(7,\), expected \(128,\)",
    ),
    "vlm key gone": (
        edit_tensors("model.safetensors", lambda tensors: tensors.pop("model.language_model.norm.weight")),
        "vision-language model lacks the tensors model.language_model.norm.weight",
    ),
    "vlm key too many": (
        edit_tensors("model.safetensors", lambda tensors: tensors.update({"model.extra.weight": torch.zeros(1)})),
        "vision-language model has unknown tensors model.extra.weight",
    ),
    "vlm shape": (
        edit_tensors(
            "model.safetensors", lambda tensors: tensors.update({"model.language_model.norm.weight": torch.zeros(7)})
        ),
        r"(?s)vision-language model cannot be loaded|tensor shapes differ",
    ),
    "expert width": (
        edit(layout.EXPERT_CONFIG, lambda data: data.update(mlp_hidden_size=64)),
        r"has shape .* expected .* from action_expert_config.json",
    ),
    "expert config": (
        edit(layout.EXPERT_CONFIG, lambda data: data.pop("action_dim")),
        "action_expert_config.json lacks action_dim",
    ),
    "image token": (
        edit("config.json", lambda data: data.update(image_token_id=3)),
        r"image_token_id in config.json is 3, the tokenizer's is \d+",
    ),
    "embodiment": (write("embodiment.yaml", "name: x"), "embodiment.yaml.* lacks version"),
    "options": (
        edit(layout.OPTIONS, lambda data: data.update(feature_norm="middle")),
        "zr0_options.json: feature_norm is 'middle', expected one of pre, post",
    ),
    "options range": (
        edit(layout.OPTIONS, lambda data: data.update(num_denoising_steps=0)),
        "num_denoising_steps is 0, expected at least 1",
    ),
    "provenance": (
        edit(layout.PROVENANCE, lambda data: data.update(is_trained="yes")),
        "is_trained must be true or false, got 'yes'",
    ),
    "provenance field": (edit(layout.PROVENANCE, lambda data: data.update(author="x")), "unknown fields author"),
    "provenance text": (edit(layout.PROVENANCE, lambda data: data.pop("description")), "description must be text"),
    "statistics": (write(layout.NORMALIZATION, "[]"), "normalization.json must hold features"),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named(whole: Path, tmp_path: Path, case: str) -> None:
    damage, match = CASES[case]
    directory = tmp_path / "damaged"
    shutil.copytree(whole, directory)
    damage(directory)
    with pytest.raises(Zr0Error, match=match):
        load_checkpoint(directory)


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Zr0Error, match="nowhere is not a directory"):
        load_checkpoint(tmp_path / "nowhere")


def test_a_smaller_embedding_than_the_tokenizer_is_refused(whole: Path, tmp_path: Path) -> None:
    directory = tmp_path / "damaged"
    shutil.copytree(whole, directory)
    edit("config.json", lambda data: data["text_config"].update(vocab_size=2000))(directory)
    edit_tensors(
        "model.safetensors",
        lambda tensors: tensors.update(
            {"model.language_model.embed_tokens.weight": tensors["model.language_model.embed_tokens.weight"][:2000]}
        ),
    )(directory)
    with pytest.raises(Zr0Error, match=r"the tokenizer has \d+ tokens, the model only 2000 embeddings"):
        load_checkpoint(directory)
