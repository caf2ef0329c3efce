"""Every way to damage a checkpoint is refused by name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from zr0_core.errors import Zr0Error
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.inspection import inspect_checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.opened import open_checkpoint

Damage = Callable[[Path], None]


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


def replace_by_directory(name: str) -> Damage:
    def damage(directory: Path) -> None:
        (directory / name).unlink()
        (directory / name).mkdir()

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
VLM = layout.WEIGHTS
NORM = "model.language_model.norm.weight"
BIAS = "dit.proj_out_2.bias"
CASES: dict[str, tuple[Damage, str]] = {
    "no config": (remove("config.json"), "lacks config.json; it is not a ZR-0 checkpoint"),
    "no expert": (remove(EXPERT), "lacks action_expert.safetensors"),
    "no expert config": (remove(layout.EXPERT_CONFIG), "lacks action_expert_config.json"),
    "no weights": (remove(VLM), "neither model.safetensors nor model.safetensors.index.json"),
    "no provenance": (remove("provenance.json"), "lacks provenance.json; give embodiment"),
    "no tokenizer": (remove("tokenizer.json"), "the tokenizer is missing"),
    "no template": (remove("chat_template.jinja"), "chat_template.jinja is missing"),
    "config is a directory": (replace_by_directory("config.json"), "lacks config.json"),
    "weights are a directory": (replace_by_directory(VLM), "weights file .*/model.safetensors is a directory"),
    "expert is a directory": (replace_by_directory(EXPERT), "lacks action_expert.safetensors"),
    "tokenizer is a directory": (replace_by_directory("tokenizer.json"), "tokenizer.json is a directory, not a file"),
    "generation config is a directory": (
        replace_by_directory(layout.GENERATION_CONFIG),
        "generation_config.json is a directory, not a file",
    ),
    "embodiment is a directory": (replace_by_directory(layout.EMBODIMENT), "lacks embodiment.yaml"),
    "truncated weights": (cut(VLM, -100), r"model.safetensors is truncated: it has \d+ bytes"),
    "truncated header": (cut(EXPERT, 100), "action_expert.safetensors is truncated or not a safetensors file"),
    "empty expert": (cut(EXPERT, 0), "action_expert.safetensors is truncated: it has only 0 bytes"),
    "empty weights": (cut(VLM, 0), "/model.safetensors is truncated: it has only 0 bytes"),
    "empty config": (cut("config.json", 0), "config.json is not readable as JSON"),
    "empty expert config": (cut(layout.EXPERT_CONFIG, 0), "action_expert_config.json is not readable as JSON"),
    "empty embodiment": (cut(layout.EMBODIMENT, 0), "embodiment.yaml: the document must be a mapping"),
    "empty statistics": (cut(layout.NORMALIZATION, 0), "normalization.json is not readable as JSON"),
    "empty options": (cut(layout.OPTIONS, 0), "zr0_options.json is not readable as JSON"),
    "appended weights": (append(EXPERT, b"more"), r"action_expert.safetensors is too long: it has \d+ bytes"),
    "scrambled header": (
        scramble(EXPERT),
        "action_expert.safetensors is not a safetensors file: its header is unreadable",
    ),
    "foreign weights": (write(EXPERT, "PK" + "x" * 200), "action_expert.safetensors is truncated or not a safetensors"),
    "other model": (edit("config.json", lambda data: data.update(model_type="llama")), "model_type is 'llama'"),
    "other architecture": (
        edit("config.json", lambda data: data.update(architectures=["LlamaForCausalLM"])),
        r"architectures is \['LlamaForCausalLM'\], expected \['Qwen3VLForConditionalGeneration'\]",
    ),
    "config not JSON": (write("config.json", "{"), "config.json is not readable as JSON"),
    "config a list": (write("config.json", "[]"), "config.json is not readable as JSON: expected a mapping"),
    "expert key gone": (
        edit_tensors(EXPERT, lambda tensors: tensors.pop("dit.proj_out_1.bias")),
        "action_expert.safetensors lacks the tensors dit.proj_out_1.bias; the file is of another model",
    ),
    "many expert keys gone": (
        edit_tensors(EXPERT, lambda tensors: [tensors.pop(name) for name in list(tensors)[:9]]),
        "lacks the tensors .* and 4 more",
    ),
    "expert key too many": (
        edit_tensors(EXPERT, lambda tensors: tensors.update(extra=torch.zeros(1))),
        "action_expert.safetensors has unknown tensors extra",
    ),
    "expert shape": (
        edit_tensors(EXPERT, lambda tensors: tensors.update({"dit.proj_out_2.bias": torch.zeros(7)})),
        r"dit.proj_out_2.bias has shape \(7,\), expected \(\d+,\) from action_expert_config.json",
    ),
    "expert type": (
        edit_tensors(
            EXPERT, lambda tensors: tensors.update({"dit.proj_out_2.bias": tensors["dit.proj_out_2.bias"].int()})
        ),
        r"dit.proj_out_2.bias has the type torch.int32, expected one of torch.bfloat16",
    ),
    "vlm key gone": (
        edit_tensors(VLM, lambda tensors: tensors.pop(NORM)),
        f"vision-language model lacks the tensors {NORM}",
    ),
    "vlm key too many": (
        edit_tensors(VLM, lambda tensors: tensors.update({"model.extra.weight": torch.zeros(1)})),
        "vision-language model has unknown tensors model.extra.weight",
    ),
    "vlm shape": (
        edit_tensors(VLM, lambda tensors: tensors.update({NORM: torch.zeros(7)})),
        rf"/model.safetensors: {NORM} has shape \(7,\), expected \(\d+,\) from config.json",
    ),
    "vlm type": (
        edit_tensors(VLM, lambda tensors: tensors.update({NORM: tensors[NORM].bool()})),
        f"/model.safetensors: {NORM} has the type torch.bool, expected one of",
    ),
    "vlm depth": (
        edit("config.json", lambda data: data["text_config"].update(num_hidden_layers=3)),
        r"has unknown tensors model.language_model.layers.3.input_layernorm.weight, .* and 6 more",
    ),
    "expert width": (
        edit(layout.EXPERT_CONFIG, lambda data: data.update(mlp_hidden_size=64)),
        r"has shape .* expected .* from action_expert_config.json",
    ),
    "expert of another width": (
        edit(layout.EXPERT_CONFIG, lambda data: data.update(vlm_output_embedding_dim=64)),
        r"attn1.to_k.weight has shape \(\d+, \d+\), expected \(\d+, 64\) from action_expert_config.json",
    ),
    "expert config": (
        edit(layout.EXPERT_CONFIG, lambda data: data.pop("action_dim")),
        "action_expert_config.json lacks action_dim",
    ),
    "horizon": (
        edit(layout.EXPERT_CONFIG, lambda data: data.update(action_horizon=10)),
        "action_horizon in action_expert_config.json is 10, action.horizon of embodiment xarm7_gripper is 16",
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
    "pinned": (
        edit(layout.OPTIONS, lambda data: data.update(pinned=["elbow"])),
        "pinned: elbow is neither in the state nor in the action",
    ),
    "provenance": (
        edit(layout.PROVENANCE, lambda data: data.update(is_trained="yes")),
        "is_trained must be true or false, got 'yes'",
    ),
    "statistics a list": (write(layout.NORMALIZATION, "[]"), "normalization.json is not readable as JSON: expected"),
    "statistics order": (
        edit(layout.NORMALIZATION, lambda data: data["action"]["names"].reverse()),
        "the statistics of 'action' are in the order drive_joint, joint7",
    ),
    "statistics gone": (
        edit(layout.NORMALIZATION, lambda data: data.pop("action")),
        "the statistics lack 'action'; they have: observation.state",
    ),
    "statistics count": (
        edit(layout.NORMALIZATION, lambda data: data["action"]["q01"].pop()),
        "normalization.json: action: q01 has 7 values for 8 names",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named(saved: Path, tmp_path: Path, case: str) -> None:
    damage, match = CASES[case]
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    damage(directory)
    with pytest.raises(Zr0Error, match=match):
        load_checkpoint(directory)
    assert inspect_checkpoint(directory).reasons


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Zr0Error, match="nowhere is not a directory"):
        load_checkpoint(tmp_path / "nowhere")


def test_a_smaller_embedding_than_the_tokenizer_is_refused(saved: Path, tmp_path: Path) -> None:
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    edit("config.json", lambda data: data["text_config"].update(vocab_size=2000))(directory)
    edit_tensors(
        "model.safetensors",
        lambda tensors: tensors.update(
            {"model.language_model.embed_tokens.weight": tensors["model.language_model.embed_tokens.weight"][:2000]}
        ),
    )(directory)
    with pytest.raises(Zr0Error, match=r"the tokenizer has \d+ tokens, the model only 2000 embeddings"):
        load_checkpoint(directory)


def test_random_damage_to_any_text_file_is_named_or_harmless(saved: Path, tmp_path: Path) -> None:
    """Bytes are changed at random; only our own errors may come out of opening the directory."""
    rng = np.random.default_rng(0)
    names = [
        path.name for path in saved.iterdir() if path.suffix in (".json", ".yaml") and path.name != "tokenizer.json"
    ]
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    num_refused = 0
    for name in sorted(names) * 4:
        whole = (saved / name).read_bytes()
        damaged = bytearray(whole)
        for position in rng.integers(0, len(damaged), size=3):
            damaged[position] = rng.integers(0, 256)
        (directory / name).write_bytes(damaged)
        try:
            open_checkpoint(directory)
        except Zr0Error:
            num_refused += 1
        (directory / name).write_bytes(whole)
    assert num_refused > 20


def test_a_refusal_comes_before_any_weight_is_read(saved: Path, tmp_path: Path) -> None:
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    cut(EXPERT, -1)(directory)
    reports: list[tuple[int, int]] = []
    with pytest.raises(Zr0Error, match=r"action_expert.safetensors is truncated"):
        load_checkpoint(directory, progress=lambda done, total: reports.append((done, total)))
    assert reports == []
