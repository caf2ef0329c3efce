"""Prompt texts, tokens and masks, and the patches of images, against those of the published preprocessing."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from zr0_policy.preprocessing.image import PatchLayout, Resizer, preprocess
from zr0_policy.preprocessing.prompt import PromptMode, prompt_mask, render, sub_task_mask, tokenize
from zr0_policy.preprocessing.tokens import Tokens

CASES = json.loads((Path(__file__).with_name("recorded") / "prompts.json").read_text(encoding="utf-8"))
LAYOUT = PatchLayout(resizer=Resizer.PIL)
"""The published code resizes with PIL."""


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_prompt_is_the_published_one_in_text_and_tokens(recorded_tokens: Tokens, case: dict[str, Any]) -> None:
    modes = {mode.suffix: mode for mode in PromptMode}
    mode, window_size = modes[case["suffix"]], case["window"]
    unexpanded = render(recorded_tokens, case["camera_keys"], case["task"], 1, mode=mode, window_size=window_size)
    assert unexpanded == case["text"]
    text = render(
        recorded_tokens,
        case["camera_keys"],
        case["task"],
        LAYOUT.num_tokens,
        mode=mode,
        window_size=window_size,
    )
    ids = tokenize(recorded_tokens, text)
    assert ids.tolist() == case["input_ids"]
    assert prompt_mask(recorded_tokens, ids).all()


def test_masks_of_prompts_with_answers(recorded_tokens: Tokens, recorded: dict[str, Tensor]) -> None:
    ids = recorded["training.input_ids"].numpy()
    for row in range(2):
        expected = recorded["training.mask_only_prompt"][row].numpy()
        assert np.array_equal(prompt_mask(recorded_tokens, ids[row]), expected)
    assert np.array_equal(sub_task_mask(recorded_tokens, ids[1]), recorded["training.mask"][1].numpy())
    generated = recorded["sub_task.generated_ids"][0].numpy()
    assert np.array_equal(sub_task_mask(recorded_tokens, generated), recorded["sub_task.mask"][0].numpy())


@pytest.mark.parametrize("camera", ["front", "wrist"])
def test_patches_are_the_published_pixel_values(recorded: dict[str, Tensor], camera: str) -> None:
    levels = recorded[f"pixel_levels.{camera}"].long()  # (patches, channel, row, column), the same at both times
    expected = recorded["pixel_table"][levels][:, :, None].expand(-1, -1, 2, -1, -1).reshape(len(levels), -1)
    got = torch.from_numpy(preprocess(recorded[f"images.{camera}"].numpy().copy(), LAYOUT))
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_patches_of_all_frames_come_oldest_first(
    our_patches: Callable[[dict[str, Any]], NDArray[np.float32]], case: dict[str, Any]
) -> None:
    levels = np.rint((our_patches(case) + 1) * 127.5).astype(np.uint8)
    assert hashlib.sha256(levels.tobytes()).hexdigest() == case["pixel_levels_sha256"]
    assert case["image_grid_thw"] == [list(LAYOUT.grid)] * (case["window"] * len(case["camera_keys"]))


@pytest.mark.parametrize("fault", ["channels reversed", "other patch order", "other filter"])
def test_a_fault_in_the_patches_is_seen(recorded: dict[str, Tensor], fault: str) -> None:
    rgb = recorded["images.front"].numpy().copy()
    if fault == "channels reversed":
        patches = preprocess(rgb[..., ::-1].copy(), LAYOUT)
    elif fault == "other patch order":
        patches = preprocess(rgb, PatchLayout(resizer=Resizer.PIL, merge_size=1))
    else:
        patches = preprocess(rgb, PatchLayout(resizer=Resizer.TORCH))
    levels = np.rint((patches.reshape(196, 3, 2, 16, 16)[:, :, 0] + 1) * 127.5).astype(np.uint8)
    assert (levels != recorded["pixel_levels.front"].numpy()).any()
