"""Generated sub-tasks against those of the published two-stage inference."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from zr0_policy.model.generation import generate_greedily
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import Tokens

GATE = 1e-4
MAX_NEW_TOKENS = 20
"""What the published call comes to: it gives no length, and that is the library's own."""


@pytest.fixture(scope="module")
def window_inputs(
    recorded: dict[str, Tensor],
    prompts: dict[str, dict[str, Any]],
    direct_inputs: ModelInputs,
    our_patches: Callable[[dict[str, Any]], NDArray[np.float32]],
) -> ModelInputs:
    """Two cameras over a window of three frames, with the prompt that asks for a sub-task."""
    case = prompts["sub_task_two_cameras_window_three"]
    input_ids = recorded["sub_task_unclosed.input_ids"]
    assert input_ids[0].tolist() == case["input_ids"]
    return ModelInputs(
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        prompt_mask=torch.ones_like(input_ids, dtype=torch.bool),
        pixel_values=torch.from_numpy(our_patches(case)),
        image_grid_thw=torch.tensor(case["image_grid_thw"]),
        state=direct_inputs.state,
        action_mask=direct_inputs.action_mask,
    )


def generated(model: Zr0Model, tokens: Tokens, inputs: ModelInputs) -> list[int]:
    stop_ids = (tokens.sub_task_close_id,)
    return list(generate_greedily(model.vlm, inputs, stop_ids=stop_ids, max_new_tokens=MAX_NEW_TOKENS))


def test_a_sub_task_ends_with_its_closing_tag(
    recorded_model: Zr0Model, recorded_tokens: Tokens, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    prompt = recorded["sub_task.input_ids"]
    expected = recorded["sub_task.generated_ids"][0, prompt.shape[1] :].tolist()
    assert (len(expected), expected[-1]) == (7, recorded_tokens.sub_task_close_id)
    inputs = dataclasses.replace(
        direct_inputs,
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        prompt_mask=torch.ones_like(prompt, dtype=torch.bool),
    )
    assert generated(recorded_model, recorded_tokens, inputs) == expected


def test_a_sub_task_that_does_not_close_ends_with_the_length(
    recorded_model: Zr0Model, recorded_tokens: Tokens, window_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    expected = recorded["sub_task_unclosed.generated_ids"][0, window_inputs.input_ids.shape[1] :].tolist()
    assert len(expected) == MAX_NEW_TOKENS
    assert recorded_tokens.sub_task_close_id not in expected
    assert generated(recorded_model, recorded_tokens, window_inputs) == expected


def test_features_and_actions_of_a_history_window_with_what_was_generated(
    recorded_model: Zr0Model, window_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    assert recorded["sub_task_unclosed.mask"].all()
    input_ids = recorded["sub_task_unclosed.generated_ids"]
    inputs = dataclasses.replace(
        window_inputs,
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        prompt_mask=recorded["sub_task_unclosed.mask"],
    )
    features, actions = recorded["sub_task_unclosed.features"], recorded["sub_task_unclosed.actions"]
    torch.testing.assert_close(recorded_model.features(inputs), features, atol=GATE, rtol=0.0)
    sampled = recorded_model.sample(inputs, recorded["direct.noise"][2], 5)
    torch.testing.assert_close(sampled, actions, atol=GATE, rtol=0.0)
