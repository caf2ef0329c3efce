"""The fast expert against independent arithmetic and against the readable one."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor
from zr0_policy.engine.expert_engine import ExpertEngine
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig
from zr0_test_support.expert_arithmetic import ExpertArithmetic
from zr0_test_support.small_expert import CONFIG, make_expert

BUCKETS = (0, 200, 600)


@pytest.fixture(scope="module")
def expert() -> ActionExpert:
    return make_expert()


@pytest.fixture(scope="module")
def engine(expert: ActionExpert) -> ExpertEngine:
    return ExpertEngine(copy.deepcopy(expert), BUCKETS)


def example(batch: int, num_samples: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features, mask, states and noisy actions."""
    generator = torch.Generator().manual_seed(2)
    mask = torch.ones(batch, 10, dtype=torch.bool)
    mask[-1, 7:] = False
    return (
        2 * torch.randn(batch, 10, 24, generator=generator),
        mask,
        torch.randn(batch, 1, 5, generator=generator),
        torch.randn(batch * num_samples, 6, 7, generator=generator),
    )


@pytest.mark.parametrize("bucket", BUCKETS)
def test_velocity_equals_independent_arithmetic(expert: ActionExpert, engine: ExpertEngine, bucket: int) -> None:
    features, mask, state, actions = example(2)
    got = engine.velocity(engine.context(features, mask, state))(actions, bucket)
    weights = {name: tensor.double().numpy() for name, tensor in expert.state_dict().items()}
    arithmetic = ExpertArithmetic(weights, num_heads=4, num_layers=9)
    for index in range(2):
        expected = arithmetic.velocity(
            state[index, 0].double().numpy(),
            actions[index].double().numpy(),
            bucket,
            features[index].double().numpy(),
            mask[index].numpy(),
        )
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(got[index].double().numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("has_positions", [True, False])
def test_velocity_equals_the_readable_expert(has_positions: bool) -> None:
    config = ActionExpertConfig(**{**vars(CONFIG), "add_pos_embed": has_positions})
    expert = make_expert(config)
    features, mask, state, actions = example(2)
    expected = expert(state, actions, torch.tensor([200, 200]), features, mask)
    engine = ExpertEngine(expert, [200])
    got = engine.velocity(engine.context(features, mask, state))(actions, 200)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    again = expert(state, actions, torch.tensor([200, 200]), features, mask)
    torch.testing.assert_close(again, expected, atol=1e-5, rtol=1e-5)


def test_a_prompt_without_a_mask_is_seen_as_a_whole(expert: ActionExpert, engine: ExpertEngine) -> None:
    features, _, state, actions = example(2)
    everything = torch.ones(2, 10, dtype=torch.bool)
    expected = expert(state, actions, torch.tensor([600, 600]), features, everything)
    for mask in (None, everything):
        got = engine.velocity(engine.context(features, mask, state))(actions, 600)
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_several_samples_in_one_pass_equal_each_alone(engine: ExpertEngine) -> None:
    features, mask, state, actions = example(2, num_samples=3)
    together = engine.velocity(engine.context(features, mask, state, num_samples=3))(actions, 200)
    for observation in range(2):
        part = slice(observation, observation + 1)
        context = engine.context(features[part], mask[part], state[part])
        for sample in range(3):
            index = observation * 3 + sample
            alone = engine.velocity(context)(actions[index : index + 1], 200)
            torch.testing.assert_close(together[index : index + 1], alone, atol=1e-5, rtol=1e-5)


def test_what_the_mask_hides_cannot_change_the_velocity(engine: ExpertEngine) -> None:
    features, mask, state, actions = example(2)
    expected = engine.velocity(engine.context(features, mask, state))(actions, 200)
    changed = features.clone()
    changed[1, 7:] = 1e3
    torch.testing.assert_close(
        engine.velocity(engine.context(changed, mask, state))(actions, 200), expected, atol=0.0, rtol=0.0
    )


def test_derivatives_in_the_actions_are_those_of_the_readable_expert(
    expert: ActionExpert, engine: ExpertEngine
) -> None:
    features, mask, state, actions = example(1)
    gradients = []
    for predict in (
        engine.velocity(engine.context(features, mask, state)),
        lambda noisy, bucket: expert(state, noisy, torch.tensor([bucket]), features, mask),
    ):
        variable = actions.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(predict(variable, 200).square().sum(), variable)
        gradients.append(gradient)
    assert gradients[1].abs().max() > 0.1
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-4, rtol=1e-4)


def test_a_time_that_was_not_announced_is_refused(engine: ExpertEngine) -> None:
    features, mask, state, actions = example(1)
    with pytest.raises(ValueError, match="time bucket 300 has no tables, available: 0, 200, 600"):
        engine.velocity(engine.context(features, mask, state))(actions, 300)


def test_weights_are_not_held_twice(expert: ActionExpert) -> None:
    shared = copy.deepcopy(expert)
    engine = ExpertEngine(shared, BUCKETS)
    with torch.no_grad():
        shared.dit.blocks[1].attn1.to_v.weight.zero_()
        shared.dit.blocks[1].attn1.to_v.bias.zero_()
    features, mask, state, _ = example(1)
    first = engine.context(features, mask, state).blocks[1]
    assert first is not None
    assert first.values.abs().max() == 0.0
    assert first.keys.abs().max() > 0.0
