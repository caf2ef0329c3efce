import math

import pytest
import torch
from zr0_policy.model.sinusoids import action_sinusoid, timestep_sinusoid


def test_timestep_sinusoid_is_cosine_first_and_ends_at_one_ten_thousandth() -> None:
    embedded = timestep_sinusoid(torch.tensor([0, 600]))
    assert embedded.shape == (2, 256)
    assert embedded[0].tolist() == [1.0] * 128 + [0.0] * 128
    for index in (0, 1, 64, 127):
        frequency = 10000.0 ** (-index / 127)
        assert embedded[1, index].item() == pytest.approx(math.cos(600 * frequency), abs=2e-4)
        assert embedded[1, 128 + index].item() == pytest.approx(math.sin(600 * frequency), abs=2e-4)


def test_action_sinusoid_is_sine_first_and_stops_before_one_ten_thousandth() -> None:
    embedded = action_sinusoid(torch.tensor([0, 200]), 8)
    assert embedded[0].tolist() == [0.0] * 4 + [1.0] * 4
    # By hand: frequencies 1, 0.1, 0.01, 0.001.
    expected = [math.sin(200), math.sin(20), math.sin(2), math.sin(0.2), math.cos(200), math.cos(20)]
    assert embedded[1, :6].tolist() == pytest.approx(expected, abs=1e-4)
