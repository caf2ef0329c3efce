"""What the published implementation computed, and our model with the weights that it had. See README.md here."""

import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from transformers import Qwen2Tokenizer
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.tiny import QWEN_SPECIAL_TOKENS, tiny_tokenizer
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.image import PatchLayout, Resizer, preprocess
from zr0_policy.preprocessing.tokens import ADDED_TOKENS, PAD_TOKEN, Tokens

RECORDED = Path(__file__).with_name("recorded")
ROWS_PER_AGE = 5
"""Rows that the image of a recorded history frame is rolled by per frame of age."""


@pytest.fixture(scope="session")
def recorded() -> dict[str, Tensor]:
    return load_file(RECORDED / "tensors.safetensors")


@pytest.fixture(scope="session")
def prompts() -> dict[str, dict[str, Any]]:
    return {case["name"]: case for case in json.loads((RECORDED / "prompts.json").read_text(encoding="utf-8"))}


@pytest.fixture(scope="session")
def recorded_tokens() -> Tokens:
    learned = json.loads((RECORDED / "vocabulary.json").read_text(encoding="utf-8"))
    merges = [tuple(pair.split(" ")) for pair in learned["merges"]]
    tokenizer = Qwen2Tokenizer(vocab=learned["vocab"], merges=merges, pad_token=PAD_TOKEN)
    tokenizer.add_tokens(list(QWEN_SPECIAL_TOKENS), special_tokens=True)
    tokenizer.add_tokens(list(ADDED_TOKENS), special_tokens=True)
    tokenizer.chat_template = tiny_tokenizer(["any"]).chat_template
    return Tokens.from_tokenizer(tokenizer, "the recorded tokenizer")


@pytest.fixture(scope="session")
def recorded_model(
    recorded_tokens: Tokens, checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory
) -> Zr0Model:
    """The directory as the published code saved it, loaded as any official checkpoint would be."""
    directory = tmp_path_factory.mktemp("parity") / "published"
    directory.mkdir()
    names = (
        layout.CONFIG,
        layout.WEIGHTS,
        layout.GENERATION_CONFIG,
        layout.EXPERT_CONFIG,
        layout.EXPERT_WEIGHTS,
    )
    for name in names:
        shutil.copyfile(RECORDED / name, directory / name)
    recorded_tokens.tokenizer.save_pretrained(str(directory))
    horizon = json.loads((directory / layout.EXPERT_CONFIG).read_text(encoding="utf-8"))["action_horizon"]
    action = dataclasses.replace(checkpoint.facts.embodiment.action, horizon=horizon)
    embodiment = dataclasses.replace(checkpoint.facts.embodiment, action=action)
    facts = dataclasses.replace(checkpoint.facts, embodiment=embodiment)
    return load_checkpoint(directory, facts=facts).model


def scaled(model: Zr0Model, parts: tuple[str, ...], factor: float) -> Zr0Model:
    changed = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in changed.expert.named_parameters():
            if any(part in f".{name}" for part in parts):
                parameter.mul_(factor)
    return changed


@pytest.fixture(scope="session")
def model_with_small_tokens(recorded_model: Zr0Model) -> Zr0Model:
    """Tokens of the expert so small that the epsilons of its normalisations count."""
    entrances = (".position_embedding.", ".action_encoder.W3.", ".state_encoder.layer2.", ".to_out.0.", ".ff.net.2.")
    return scaled(recorded_model, entrances, 2.0**-7)


@pytest.fixture(scope="session")
def model_with_loud_feed_forward(recorded_model: Zr0Model) -> Zr0Model:
    """Feed-forward layers and velocities of the expert so large that the form of the activation counts."""
    return scaled(recorded_model, (".ff.net.2.", ".action_decoder.layer2."), 2.0**3)


def pixel_values(recorded: dict[str, Tensor], *cameras: str) -> Tensor:
    """Published pixel values (patches, 1536): a level per pixel, a value per level, every picture twice in time."""
    levels = torch.cat([recorded[f"pixel_levels.{camera}"] for camera in cameras]).long()
    values = recorded["pixel_table"][levels][:, :, None]
    return values.expand(-1, -1, 2, -1, -1).reshape(len(levels), -1)


@pytest.fixture(scope="session")
def our_patches(recorded: dict[str, Tensor]) -> Callable[[dict[str, Any]], NDArray[np.float32]]:
    """Cut all images of a recorded prompt as our preprocessing does, resized with PIL as the published code does."""
    layout = PatchLayout(resizer=Resizer.PIL)

    def patches(case: dict[str, Any]) -> NDArray[np.float32]:
        ages = reversed(range(case["window"]))
        images = [
            (recorded[f"images.{key.rsplit('.', 1)[1]}"].numpy(), age) for age in ages for key in case["camera_keys"]
        ]
        return np.concatenate([preprocess(np.roll(rgb, ROWS_PER_AGE * age, axis=0), layout) for rgb, age in images])

    return patches


@pytest.fixture(scope="session")
def direct_inputs(recorded: dict[str, Tensor], prompts: dict[str, dict[str, Any]]) -> ModelInputs:
    """One prompt of one camera, as it is served."""
    case = prompts["direct_one_camera"]
    input_ids = torch.tensor([case["input_ids"]])
    return ModelInputs(
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        prompt_mask=recorded["direct.mask"],
        pixel_values=pixel_values(recorded, "front"),
        image_grid_thw=torch.tensor(case["image_grid_thw"]),
        state=recorded["direct.state"],
        action_mask=recorded["direct.action_mask"].float(),
    )


@pytest.fixture(scope="session")
def training_inputs(recorded: dict[str, Tensor]) -> ModelInputs:
    """A direct sample of two cameras above a shorter sub-task sample of one, both with answers, padded."""
    return ModelInputs(
        input_ids=recorded["training.input_ids"],
        attention_mask=recorded["training.attention_mask"],
        prompt_mask=recorded["training.mask"],
        pixel_values=pixel_values(recorded, "front", "wrist", "front"),
        image_grid_thw=recorded["training.image_grid_thw"],
        state=recorded["training.state"],
        action_mask=recorded["training.action_mask"].float(),
    )


@pytest.fixture(scope="session")
def sub_task_inputs(recorded: dict[str, Tensor], direct_inputs: ModelInputs) -> ModelInputs:
    """A prompt with the sub-task that the model said after it."""
    input_ids = recorded["sub_task.generated_ids"]
    return ModelInputs(
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        prompt_mask=recorded["sub_task.mask"],
        pixel_values=direct_inputs.pixel_values,
        image_grid_thw=direct_inputs.image_grid_thw,
        state=direct_inputs.state,
        action_mask=direct_inputs.action_mask,
    )
