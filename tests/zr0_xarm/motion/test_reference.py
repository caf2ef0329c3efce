"""The curve through rows: through the rows, smooth, and at rest at the end."""

import numpy as np
import pytest
from zr0_xarm.motion.reference import Reference

TIMES = np.array([0.0, 0.1, 0.2, 0.35, 0.4])
ROWS = np.random.default_rng(0).normal(size=(5, 3))


def test_it_passes_through_every_row() -> None:
    reference = Reference(TIMES, ROWS, np.ones(3))
    for time, row in zip(TIMES, ROWS, strict=True):
        assert reference.at(float(time))[0] == pytest.approx(row)


def test_it_starts_as_told_and_ends_at_rest() -> None:
    reference = Reference(TIMES, ROWS, np.array([1.0, -2.0, 0.5]))
    assert reference.at(0.0)[1] == pytest.approx([1.0, -2.0, 0.5])
    assert reference.at(0.4 - 1e-12)[1] == pytest.approx([0.0] * 3, abs=1e-6)
    for time in (0.4, 7.0):
        value, velocity, acceleration = reference.at(time)
        assert value == pytest.approx(ROWS[-1])
        assert not velocity.any()
        assert not acceleration.any()


def test_velocity_and_acceleration_are_continuous_at_rows() -> None:
    reference = Reference(TIMES, ROWS, np.zeros(3))
    for time in TIMES[1:-1]:
        before, after = reference.at(time - 1e-9), reference.at(time + 1e-9)
        assert before[1] == pytest.approx(after[1], abs=1e-4)
        assert before[2] == pytest.approx(after[2], abs=1e-3)


def test_derivatives_are_those_of_the_value() -> None:
    reference = Reference(TIMES, ROWS, np.zeros(3))
    step = 1e-5
    low, middle, high = (reference.at(0.27 + k * step) for k in (-1, 0, 1))
    assert (high[0] - low[0]) / (2 * step) == pytest.approx(middle[1], abs=1e-6)
    assert (high[1] - low[1]) / (2 * step) == pytest.approx(middle[2], abs=1e-5)


def test_a_cubic_is_reproduced() -> None:
    times = np.array([0.0, 0.5, 1.0])
    # x^2 (3 - 2 x): from 0 to 1, at rest at both ends.
    rows = np.array([[0.0], [0.5], [1.0]])
    reference = Reference(times, rows, np.zeros(1))
    assert reference.at(0.25)[0] == pytest.approx([0.15625])
    assert reference.at(0.75)[1] == pytest.approx([1.125])
