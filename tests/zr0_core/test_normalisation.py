"""Scaling follows the published formula, and its inverse returns what went in."""

import math
import re

import numpy as np
import pytest
from zr0_core.errors import NormalisationError
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.normalisation import NormalisationMethod, Normaliser

STATISTICS = FeatureStatistics(
    names=("x", "gripper"), minimum=(-1.0, 0.0), maximum=(3.0, 0.85), q01=(0.0, 0.05), q99=(2.0, 0.8)
)
X = Normaliser(names=("x",), low=(0.0,), high=(2.0,))


def test_low_is_minus_one_high_is_one_and_the_rest_is_zero() -> None:
    padded = X.normalise(np.array([[0.0], [1.0], [2.0], [3.0]]))
    assert padded.shape == (4, 64)
    np.testing.assert_allclose(padded[:, 0], [-1.0, 0.0, 1.0, 2.0], atol=1e-7)
    assert (padded[:, 1:] == 0.0).all()


def test_the_published_epsilon_is_in_the_range() -> None:
    # 2 * 2 / (2 + 1e-8) - 1 = 1 - 1e-8.
    assert X.normalise(np.array([2.0]))[0] == pytest.approx(1.0 - 1e-8, abs=1e-12)


def test_values_far_outside_are_clamped_to_fifteen() -> None:
    assert X.normalise(np.array([1e6]))[0] == 15.0
    assert X.normalise(np.array([-1e6]))[0] == -15.0
    assert X.normalise(np.array([15.9]))[0] == pytest.approx(14.9, abs=1e-6)


def test_the_way_back_is_not_clamped() -> None:
    padded = np.zeros(64)
    padded[0] = 20.0
    assert X.denormalise(padded)[0] == pytest.approx(21.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_there_and_back_returns_the_values(seed: int) -> None:
    random = np.random.default_rng(seed)
    num = int(random.integers(1, 65))
    low = random.uniform(-10, 10, num)
    normaliser = Normaliser(
        names=tuple(f"c{index}" for index in range(num)),
        low=tuple(low.tolist()),
        high=tuple((low + 10.0 ** random.uniform(-3, 2, num)).tolist()),
    )
    high = np.array(normaliser.high)
    values = low + (high - low) * random.uniform(-6, 7, (3, 5, num))  # Within the clamp.
    padded = normaliser.normalise(values)
    assert padded.shape == (3, 5, 64)
    np.testing.assert_allclose(normaliser.denormalise(padded), values, atol=1e-9)
    np.testing.assert_allclose(normaliser.normalise(normaliser.denormalise(padded)), padded, atol=1e-9)


def test_the_mask_marks_the_components() -> None:
    normaliser = Normaliser(names=("a", "b"), low=(0.0, 0.0), high=(1.0, 1.0), padded_size=4)
    assert normaliser.mask.tolist() == [True, True, False, False]


def test_methods_take_their_own_ranges() -> None:
    quantile = Normaliser.from_statistics(STATISTICS, NormalisationMethod.QUANTILE)
    assert (quantile.names, quantile.low, quantile.high) == (("x", "gripper"), (0.0, 0.05), (2.0, 0.8))
    min_max = Normaliser.from_statistics(STATISTICS, NormalisationMethod.MIN_MAX)
    assert (min_max.low, min_max.high) == ((-1.0, 0.0), (3.0, 0.85))


def test_a_pinned_component_is_constant_both_ways() -> None:
    normaliser = Normaliser(names=("x", "roll"), low=(0.0, 3.14), high=(2.0, 3.15), pinned=("roll",))
    padded = normaliser.normalise(np.array([1.0, 3.2]))
    np.testing.assert_allclose(padded[:3], [0.0, -1.0, 0.0], atol=1e-7)
    padded[1] = 0.7
    np.testing.assert_allclose(normaliser.denormalise(padded), [1.0, 3.14], atol=1e-7)


def test_inputs_are_left_alone() -> None:
    normaliser = Normaliser(names=("x", "roll"), low=(0.0, 3.14), high=(2.0, 3.14), pinned=("roll",))
    values, padded = np.array([1.0, 3.2]), np.ones(64)
    normaliser.normalise(values)
    normaliser.denormalise(padded)
    assert values.tolist() == [1.0, 3.2]
    assert (padded == 1.0).all()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"names": ("x", "roll"), "low": (0.0, 3.14), "high": (1.0, 3.14)},
            "roll does not vary: its range is [3.14, 3.14]; pin it explicitly",
        ),
        ({"names": ("x",), "low": (0.0,), "high": (9e-5,)}, "x does not vary"),
        ({"names": ("x",), "low": (1.0,), "high": (0.0,)}, "x has the range [1.0, 0.0], expected finite and rising"),
        ({"names": ("x",), "low": (math.nan,), "high": (0.0,)}, "x has the range [nan, 0.0]"),
        ({"names": ("x",), "low": (0.0, 0.0), "high": (1.0,)}, "1 names, but 2 low and 1 high values"),
        (
            {"names": ("x",), "low": (0.0,), "high": (1.0,), "pinned": ("roll",)},
            "cannot pin roll, available: x",
        ),
        (
            {"names": ("x", "y"), "low": (0.0, 0.0), "high": (1.0, 1.0), "padded_size": 1},
            "2 components do not fit into the model's 1",
        ),
    ],
)
def test_unusable_ranges_are_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(NormalisationError, match=re.escape(reason)):
        Normaliser(**fields)  # type: ignore[arg-type]


def test_quantiles_that_were_not_measured_are_refused() -> None:
    statistics = FeatureStatistics(names=("x",), minimum=(0.0,), maximum=(1.0,))
    with pytest.raises(NormalisationError, match="the statistics lack q01 and q99; measure them, or choose min_max"):
        Normaliser.from_statistics(statistics, NormalisationMethod.QUANTILE)


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="last axis is 2 long, expected 1"):
        X.normalise(np.zeros(2))
    with pytest.raises(ValueError, match="last axis is 63 long, expected 64"):
        X.denormalise(np.zeros(63))
