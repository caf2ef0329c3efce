import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.flow_matching import FlowMatching
from zr0_policy.model.guidance import Guidance, guidance_weight, overlap_weights
from zr0_policy.model.zr0 import Zr0Model

FLOW = FlowMatching.from_config(ActionExpertConfig())


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_weights_are_one_while_frozen_then_decay_and_vanish_after_the_overlap() -> None:
    # c = 4/5, 3/5, 2/5, 1/5, each times (e^c - 1) / (e - 1).
    expected = [1.0, 1.0, 0.570589, 0.287072, 0.114492, 0.025770, 0.0, 0.0]
    torch.testing.assert_close(overlap_weights(6, 2, 8), torch.tensor(expected), atol=1e-6, rtol=0.0)


def test_weights_at_the_ends() -> None:
    assert overlap_weights(0, 0, 3).tolist() == [0.0, 0.0, 0.0]
    assert overlap_weights(3, 3, 3).tolist() == [1.0, 1.0, 1.0]
    # c = 1/2 alone: 0.5 (e^0.5 - 1) / (e - 1).
    assert overlap_weights(1, 0, 2).tolist() == [pytest.approx(0.188770, abs=1e-6), 0.0]


@pytest.mark.parametrize(("num_overlap", "num_frozen", "horizon"), [(3, 4, 8), (9, 2, 8), (3, -1, 8)])
def test_contradicting_counts_are_refused(num_overlap: int, num_frozen: int, horizon: int) -> None:
    with pytest.raises(
        ValueError, match=rf"num_frozen is {num_frozen}, num_overlap {num_overlap}, horizon {horizon}: expected 0 <="
    ):
        overlap_weights(num_overlap, num_frozen, horizon)


@pytest.mark.parametrize(
    ("time", "expected"), [(0.0, 5.0), (0.2, 4.25), (0.4, 13 / 6), (0.5, 2.0), (0.8, 4.25), (0.9, 5.0)]
)
def test_guidance_weight_by_hand(time: float, expected: float) -> None:
    assert guidance_weight(time, 5.0) == pytest.approx(expected)


def test_a_late_guidance_weight_is_limited_only_by_the_limit() -> None:
    assert guidance_weight(0.9, 100.0) == pytest.approx(0.82 / 0.09)
    assert guidance_weight(0.0, math.inf) == math.inf


def test_the_correction_is_the_closed_form_of_a_linear_network() -> None:
    """For v = A x the estimate is (1 + (1 - t) A) x, and the correction its transpose on the weighted error."""
    horizon, size, time = 3, 2, 0.25
    matrix = normal(6, 6, seed=0)
    point, target = normal(1, horizon, size, seed=1), normal(1, horizon, size, seed=2)
    mask = torch.tensor([[[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]]], dtype=torch.float64)
    point = point * mask
    weights = torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64)
    seen: list[int] = []

    def predict(points: Tensor, bucket: int) -> Tensor:
        seen.append(bucket)
        return (points.flatten(1) @ matrix.T).reshape(points.shape)

    got = Guidance(target=target, weights=weights, max_weight=3.0).velocity(predict, 250, point, mask, time)

    real = torch.diag(mask.flatten())
    estimator = torch.eye(6, dtype=torch.float64) + (1 - time) * real @ matrix
    error = (target.flatten() - estimator @ point.flatten()) * weights.repeat_interleave(size) * mask.flatten()
    # (0.25^2 + 0.75^2) / (0.25 * 0.75) = 10/3, above the limit.
    expected = real @ matrix @ point.flatten() + 3.0 * real @ estimator.T @ error
    torch.testing.assert_close(got.flatten().double(), expected, atol=1e-6, rtol=1e-6)
    assert seen == [250]
    assert not got.requires_grad
    assert not point.requires_grad


def test_without_a_limit_frozen_rows_come_out_at_their_target_and_the_others_stay_free() -> None:
    """Actions are normal with standard deviation 0.5, for which the velocity is known."""

    def predict(points: Tensor, bucket: int) -> Tensor:
        time = bucket / 1000
        gain = (0.25 * time - (1 - time)) / (0.25 * time**2 + (1 - time) ** 2)
        return gain * points

    noise = normal(1, 4, 2, seed=3)
    target = torch.full((1, 4, 2), 0.7)
    free = FLOW.sample(predict, noise, torch.ones(1, 4, 2), 200)
    errors = []
    for num_steps in (10, 200):
        guidance = Guidance(target=target, weights=torch.tensor([1.0, 1.0, 0.0, 0.0]), max_weight=1000.0)
        got = FLOW.sample(predict, noise, torch.ones(1, 4, 2), num_steps, guidance)
        errors.append((got[:, :2] - target[:, :2]).abs().max().item())
    assert errors[1] < 0.02
    torch.testing.assert_close(got[:, 2:], free[:, 2:])
    assert (free[:, :2] - target[:, :2]).abs().max() > 0.3


def test_zero_weights_change_nothing(checkpoint: Checkpoint, model: Zr0Model, observation: Observation) -> None:
    inputs = checkpoint.transforms().inputs(observation)
    noise = normal(*inputs.action_mask.shape, seed=5).float()
    guidance = Guidance(target=torch.full((1, 16, 64), 9.0), weights=torch.zeros(16))
    expected = model.sample(inputs, noise, 5)
    torch.testing.assert_close(model.sample(inputs, noise, 5, guidance), expected, atol=1e-6, rtol=0.0)


def test_guidance_pulls_the_frozen_rows_most_and_leaves_padding_at_zero(
    checkpoint: Checkpoint, model: Zr0Model, observation: Observation
) -> None:
    inputs = checkpoint.transforms().inputs(observation)
    noise = normal(*inputs.action_mask.shape, seed=5).float()
    rest = 0.3 * normal(12, 64, seed=6).float() * inputs.action_mask[0, :1]
    plain = model.sample(inputs, noise, 5)[0]
    guided = model.sample(inputs, noise, 5, Guidance.from_overlap(rest, 3, 16))[0]
    assert guided[:, 8:].abs().max() == 0.0
    before = (plain[:12] - rest).square().mean(dim=1).sqrt()
    after = (guided[:12] - rest).square().mean(dim=1).sqrt()
    share = after / before
    assert share[:3].max() < 0.2
    assert share[:3].mean() < share[3:7].mean() < share[7:].mean()


def test_an_overlap_fills_the_first_rows() -> None:
    rest = torch.arange(6.0).reshape(3, 2)
    guidance = Guidance.from_overlap(rest, 1, 5)
    assert guidance.target.tolist() == [[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [0.0, 0.0], [0.0, 0.0]]]
    torch.testing.assert_close(guidance.weights, overlap_weights(3, 1, 5))
    assert guidance.max_weight == 5.0


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"weights": torch.zeros(4)}, r"weights have shape \(4,\) and the target \(1, 5, 2\), expected"),
        ({"target": torch.zeros(5, 2)}, r"the target \(5, 2\), expected"),
        ({"max_weight": -1.0}, "max_weight is -1.0, expected 0 or more"),
        ({"max_weight": math.nan}, "max_weight is nan"),
    ],
)
def test_guidance_that_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    guidance = Guidance(target=torch.zeros(1, 5, 2), weights=torch.zeros(5))
    with pytest.raises(ValueError, match=match):
        dataclasses.replace(guidance, **changes)


def test_what_cannot_be_differentiated_is_refused() -> None:
    guidance = Guidance(target=torch.zeros(1, 5, 2), weights=torch.ones(5))
    noise, mask = torch.zeros(1, 5, 2), torch.ones(1, 5, 2)
    with pytest.raises(ValueError, match="carries none; give the sampler a network that runs under autograd"):
        FLOW.sample(lambda points, _bucket: points.detach(), noise, mask, 5, guidance)
    with torch.inference_mode(), pytest.raises(ValueError, match=r"torch.inference_mode forbids; use torch.no_grad"):
        FLOW.sample(lambda points, _bucket: points, noise, mask, 5, guidance)
