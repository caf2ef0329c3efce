import numpy as np
import pytest
import torch
from torch import Tensor
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.flow_matching import FlowMatching

FLOW = FlowMatching.from_config(ActionExpertConfig())


def test_path_begins_at_noise_ends_at_actions_and_moves_at_the_velocity() -> None:
    generator = torch.Generator().manual_seed(0)
    noise, actions = torch.randn(2, 4, 3, generator=generator), torch.randn(2, 4, 3, generator=generator)
    torch.testing.assert_close(FLOW.point(noise, actions, torch.zeros(2)), noise)
    torch.testing.assert_close(FLOW.point(noise, actions, torch.ones(2)), actions)
    early, late = (
        FLOW.point(noise, actions, torch.tensor([0.2, 0.5])),
        FLOW.point(noise, actions, torch.tensor([0.3, 0.6])),
    )
    torch.testing.assert_close((late - early) / 0.1, FLOW.velocity(noise, actions), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("time", "bucket"), [(0.0, 0), (0.0009, 0), (0.2, 200), (0.6, 600), (0.9999, 999), (-0.0005, 0)]
)
def test_buckets_round_towards_zero(time: float, bucket: int) -> None:
    assert FLOW.bucket(torch.tensor([time], dtype=torch.float64)).tolist() == [bucket]


def test_times_follow_the_published_distribution() -> None:
    times = FLOW.draw_times(200_000, torch.Generator().manual_seed(3)).double().numpy()
    # Beta(1.5, 1) has mean 0.6 and the distribution function x^1.5.
    assert times.mean() == pytest.approx((0.999 - 0.6) / 0.999, abs=2e-3)
    for share in (0.1, 0.5, 0.9):
        beta_quantile = (1 - share) ** (1 / 1.5)
        assert np.quantile(times, share) == pytest.approx((0.999 - beta_quantile) / 0.999, abs=3e-3)
    assert times.min() >= (0.999 - 1.0) / 0.999 - 1e-6
    assert times.max() <= 1.0
    again = FLOW.draw_times(200_000, torch.Generator().manual_seed(3)).double().numpy()
    np.testing.assert_array_equal(times, again)


def test_loss_by_hand() -> None:
    actions, noise = torch.tensor([[[1.0, 9.0]]]), torch.tensor([[[3.0, 7.0]]])
    mask = torch.tensor([[[1.0, 0.0]]])
    seen: list[Tensor] = []

    def predict(points: Tensor, buckets: Tensor) -> Tensor:
        seen.extend([points, buckets])
        return torch.full_like(points, 5.0)

    loss = FLOW.loss(predict, actions, mask, noise, torch.tensor([0.25]))
    # Velocity 1 - 3 = -2, predicted 5, one real dimension: (5 + 2)^2.
    assert loss.item() == pytest.approx(49.0)
    assert seen[0].tolist() == [[[0.75 * 3 + 0.25 * 1, 0.0]]]
    assert seen[1].tolist() == [250]


def test_sampler_by_hand() -> None:
    buckets: list[int] = []

    def predict(points: Tensor, bucket: int) -> Tensor:
        buckets.append(bucket)
        # The network says something of the padding too.
        return points + torch.tensor([0.0, 3.0])

    got = FLOW.sample(predict, torch.tensor([[[1.0, 5.0]]]), torch.tensor([[[1.0, 0.0]]]), 5)
    assert got.tolist() == [[[pytest.approx(1.2**5), 0.0]]]
    assert buckets == [0, 200, 400, 600, 800]


@pytest.mark.parametrize("num_steps", [1, 3, 10])
def test_sampling_the_true_velocity_gives_the_actions(num_steps: int) -> None:
    generator = torch.Generator().manual_seed(0)
    noise, actions = torch.randn(2, 4, 3, generator=generator), torch.randn(2, 4, 3, generator=generator)
    got = FLOW.sample(lambda _points, _bucket: FLOW.velocity(noise, actions), noise, torch.ones(2, 4, 3), num_steps)
    torch.testing.assert_close(got, actions, atol=1e-5, rtol=1e-5)


def test_step_buckets_are_the_published_ones() -> None:
    assert FLOW.step_buckets(1) == (0,)
    assert FLOW.step_buckets(3) == (0, 333, 666)
    assert FLOW.step_buckets(5) == (0, 200, 400, 600, 800)
    # 29 / 50 * 1000 is just below 580 in double precision, and the published code rounds down.
    assert FLOW.step_buckets(50)[28:30] == (560, 580)
    for num_steps in (1, 3, 5, 7, 50):
        times = torch.arange(num_steps, dtype=torch.float64) / num_steps
        assert FLOW.step_buckets(num_steps) == tuple(FLOW.bucket(times).tolist())


@pytest.mark.parametrize("num_steps", [0, -1])
def test_a_number_of_steps_below_one_is_refused(num_steps: int) -> None:
    with pytest.raises(ValueError, match=f"num_steps is {num_steps}, expected at least 1"):
        FLOW.step_buckets(num_steps)
