import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.transform import cosine_matrix, quantise, restore


def cosine_sum(samples: list[float], frequency: int) -> float:
    """The definition, term by term, summed without rounding error."""
    num = len(samples)
    terms = [x * math.cos(math.pi * (n + 0.5) * frequency / num) for n, x in enumerate(samples)]
    return math.fsum(terms) * math.sqrt((1 if frequency == 0 else 2) / num)


@pytest.mark.parametrize("horizon", [1, 2, 3, 8, 32, 50, 255])
def test_the_matrix_is_the_cosine_sum(horizon: int) -> None:
    samples = np.random.default_rng(horizon).normal(size=horizon)
    expected = [cosine_sum(samples.tolist(), frequency) for frequency in range(horizon)]
    assert cosine_matrix(horizon) @ samples == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("horizon", [1, 2, 7, 32, 256])
def test_the_transform_keeps_lengths(horizon: int) -> None:
    matrix = cosine_matrix(horizon)
    assert matrix @ matrix.T == pytest.approx(np.eye(horizon), abs=1e-13)


def test_the_matrix_is_shared_and_cannot_be_changed() -> None:
    assert cosine_matrix(4) is cosine_matrix(4)
    with pytest.raises(ValueError, match="read-only"):
        cosine_matrix(4)[0, 0] = 1.0


def test_two_steps_by_hand() -> None:
    # (0.3 + 0.1) / sqrt 2 = 0.283, (0.3 - 0.1) / sqrt 2 = 0.141; (-1 + 0.5) / sqrt 2 = -0.354, -1.5 / sqrt 2 = -1.061
    coefficients = quantise(np.array([[0.3, -1.0], [0.1, 0.5]]), 10.0)
    assert coefficients.tolist() == [[3, -4], [1, -11]]
    # (0.3 + 0.1) / sqrt 2, (-0.4 - 1.1) / sqrt 2; (0.3 - 0.1) / sqrt 2, (-0.4 + 1.1) / sqrt 2
    expected = [[0.28284271, -1.06066017], [0.14142136, 0.49497475]]
    assert restore(coefficients, 10.0) == pytest.approx(np.array(expected), abs=1e-8)


def test_halves_go_to_the_even_number() -> None:
    # One step: the coefficient is the value itself.
    assert quantise(np.array([[0.5, 1.5, 2.5, -0.5, -1.5]]), 1.0).tolist() == [[0, 2, 2, 0, -2]]


def test_halves_are_found_whatever_the_last_bits_say() -> None:
    # Of 16 steps, frequency 8 weighs each with 1/4 or -1/4: sixteen times +-0.5 make a multiple of 0.25, often a tie.
    weights = np.array([1, -1, -1, 1] * 4) / 4
    chunk = np.random.default_rng(1).choice([-0.5, 0.5], (16, 500))
    expected = [round(float(total) * 10) for total in weights @ chunk]
    assert {total % 0.5 for total in (weights @ chunk).tolist()} == {0.0, 0.25}
    assert quantise(chunk, 10.0)[8].tolist() == expected
    assert quantise(np.asfortranarray(chunk), 10.0)[8].tolist() == expected


def test_a_constant_is_its_lowest_frequency_alone() -> None:
    coefficients = quantise(np.full((32, 3), 0.7), 1000.0)
    assert coefficients[0].tolist() == [round(700 * math.sqrt(32))] * 3
    assert not coefficients[1:].any()


@pytest.mark.parametrize("scale", [5.0, 10.0, 50.0])
@pytest.mark.parametrize("horizon", [1, 8, 32, 100])
def test_errors_stay_within_the_bounds(horizon: int, scale: float) -> None:
    chunk = np.random.default_rng(3).uniform(-5, 5, (horizon, 2000))
    error = restore(quantise(chunk, scale), scale) - chunk
    assert np.sqrt((error**2).mean(axis=0)).max() <= 0.5 / scale
    assert np.abs(error).max() <= 0.5 / scale * math.sqrt(horizon)
    assert np.sqrt((error**2).mean()) == pytest.approx(1 / (scale * math.sqrt(12)), rel=0.03)


def test_what_was_restored_has_the_same_coefficients() -> None:
    coefficients = quantise(np.random.default_rng(4).normal(size=(32, 14)), 10.0)
    assert np.array_equal(quantise(restore(coefficients, 10.0), 10.0), coefficients)


def test_single_precision_is_computed_in_double() -> None:
    chunk = np.random.default_rng(5).normal(size=(16, 7)).astype(np.float32)
    assert np.array_equal(quantise(chunk, 1e5), quantise(chunk.astype(np.float64), 1e5))


@pytest.mark.parametrize(
    ("chunk", "match"),
    [
        (np.zeros(7), r"shape \(7,\), expected \(steps, components\)"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.zeros((0, 7)), r"shape \(0, 7\).* at least one of each"),
        (np.zeros((8, 0)), r"shape \(8, 0\)"),
        (np.zeros((8, 7), dtype=np.int64), "holds int64, expected floats"),
        (np.array([[0.0, 1.0], [2.0, np.nan]]), "component 1 of step 1 is nan, expected a finite value.*1 of 4"),
        (np.array([[-np.inf, 1.0], [2.0, np.inf]]), "component 0 of step 0 is -inf.*2 of 4"),
        (np.array([[0.0, -1.1e6]]), r"component 1 of step 0 is -1100000.0, expected a finite value within 1e\+06"),
    ],
)
def test_what_is_no_chunk_is_refused(chunk: NDArray[Any], match: str) -> None:
    with pytest.raises(ActionTokenError, match=match):
        quantise(chunk, 10.0)
