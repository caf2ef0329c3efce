"""Features, velocities, losses, gradients and actions against those of the published classes."""

import copy
import dataclasses
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model

GATE = 1e-4
"""Largest difference in a feature, a velocity, a loss or a normalised action."""
GRADIENT_GATE = 1e-4
"""Largest relative difference in the norm of a gradient."""


def close(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=GATE, rtol=0.0)


def test_features_of_a_served_prompt(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    close(recorded_model.features(direct_inputs), recorded["direct.features"])


def test_features_of_a_prompt_with_a_sub_task(
    recorded_model: Zr0Model, sub_task_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    close(recorded_model.features(sub_task_inputs), recorded["sub_task.features"])


def test_features_of_a_padded_batch(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    is_token = training_inputs.attention_mask.bool()
    assert is_token.sum(dim=1).tolist() != [is_token.shape[1]] * 2
    close(recorded_model.features(training_inputs)[is_token], recorded["training.features"][is_token])


def test_velocities_at_every_step_of_the_sampler(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    assert recorded["direct.buckets"].flatten().tolist() == [0, 200, 400, 600, 800]
    for point, bucket, expected in zip(
        recorded["direct.points"], recorded["direct.buckets"], recorded["direct.velocities"], strict=True
    ):
        got = recorded_model.expert(
            direct_inputs.state, point, bucket, recorded["direct.features"], recorded["direct.mask"]
        )
        close(got, expected)


def test_velocities_of_a_batch_with_partly_visible_features(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    got = recorded_model.expert(
        training_inputs.state,
        recorded["training.points"],
        recorded["training.buckets"],
        recorded["training.features"],
        recorded["training.mask"],
    )
    close(got, recorded["training.velocities"])


@pytest.mark.parametrize("recording", ["small_tokens", "loud_feed_forward"])
def test_velocities_with_scaled_weights(
    request: pytest.FixtureRequest, recorded: dict[str, Tensor], recording: str
) -> None:
    expert = request.getfixturevalue(f"model_with_{recording}").expert
    points, velocities = recorded[f"{recording}.points"], recorded[f"{recording}.velocities"]
    for point, bucket, expected in zip(points, recorded["direct.buckets"], velocities, strict=True):
        got = expert(recorded["direct.state"], point, bucket, recorded["direct.features"], recorded["direct.mask"])
        close(got, expected)


@pytest.mark.parametrize(("sample", "num_steps", "expected"), [(0, 5, "actions"), (1, 7, "actions_seven_steps")])
def test_actions_of_a_served_prompt(
    recorded_model: Zr0Model,
    direct_inputs: ModelInputs,
    recorded: dict[str, Tensor],
    sample: int,
    num_steps: int,
    expected: str,
) -> None:
    got = recorded_model.sample(direct_inputs, recorded["direct.noise"][sample], num_steps)
    close(got, recorded[f"direct.{expected}"])


def test_several_samples_of_one_prompt(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    samples = [recorded_model.sample(direct_inputs, noise, 5)[0] for noise in recorded["direct.noise"]]
    close(torch.stack(samples), recorded["direct.n_actions"])


def test_actions_of_a_prompt_with_a_sub_task(
    recorded_model: Zr0Model, sub_task_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    close(recorded_model.sample(sub_task_inputs, recorded["direct.noise"][2], 5), recorded["sub_task.actions"])


@pytest.mark.parametrize(("times", "expected"), [("times", "action_loss"), ("edge_times", "action_loss_edge_times")])
def test_flow_matching_loss_and_its_buckets(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor], times: str, expected: str
) -> None:
    drawn = recorded[f"training.{times}"]
    buckets = recorded["training.buckets" if times == "times" else "training.edge_buckets"]
    assert torch.equal(recorded_model.flow.bucket(drawn), buckets)
    loss = recorded_model.loss(training_inputs, recorded["training.action"], recorded["training.noise"], drawn)
    close(loss, recorded[f"training.{expected}"])


def test_loss_of_a_batch_whose_second_row_has_no_actions(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    first_only = training_inputs.action_mask * torch.tensor([1.0, 0.0])[:, None, None]
    inputs = dataclasses.replace(training_inputs, action_mask=first_only)
    loss = recorded_model.loss(
        inputs, recorded["training.action"], recorded["training.noise"], recorded["training.times"]
    )
    close(loss, recorded["training.action_loss_second_row_masked"])


def test_loss_of_a_batch_without_actions(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    inputs = dataclasses.replace(training_inputs, action_mask=torch.zeros_like(training_inputs.action_mask))
    loss = recorded_model.loss(
        inputs, recorded["training.action"], recorded["training.noise"], recorded["training.times"]
    )
    assert loss == recorded["training.action_loss_all_masked"] == 0.0


def answer_loss(model: Zr0Model, inputs: ModelInputs, labels: Tensor) -> Tensor:
    """The language model's own loss on an answer."""
    output = model.vlm(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        pixel_values=inputs.pixel_values,
        image_grid_thw=inputs.image_grid_thw,
        mm_token_type_ids=(inputs.input_ids == model.vlm.config.image_token_id).int(),
        labels=labels,
    )
    loss: Tensor = output.loss
    return loss


def test_language_model_loss_of_the_answers(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    with torch.no_grad():
        close(answer_loss(recorded_model, training_inputs, recorded["training.labels"]), recorded["training.vlm_loss"])


@pytest.mark.parametrize("kind", ["action", "vlm_and_action"])
def test_gradient_norms_of_every_parameter(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor], kind: str
) -> None:
    model = copy.deepcopy(recorded_model).requires_grad_()
    loss = 5.0 * model.loss(
        training_inputs, recorded["training.action"], recorded["training.noise"], recorded["training.times"]
    )
    if kind == "vlm_and_action":
        loss = loss + answer_loss(model, training_inputs, recorded["training.labels"])
        close(loss, recorded["training.total_loss"])
    else:
        loss = loss / 5.0
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    got = {
        name: float(gradient.double().norm())
        for name, gradient in zip(parameters, gradients, strict=True)
        if gradient is not None
    }
    recorded_norms = Path(__file__).with_name("recorded") / "gradient_norms.json"
    norms = json.loads(recorded_norms.read_text(encoding="utf-8"))[kind]
    assert got.keys() == norms.keys()
    # Keys' biases cancel in the softmax: what is left of their gradients is rounding.
    assert got == pytest.approx(norms, rel=GRADIENT_GATE, abs=1e-6)
