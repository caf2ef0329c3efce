"""Normalised and denormalised vectors against those of the published functions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.normalisation import NormalisationMethod, Normaliser

DOCUMENT = json.loads((Path(__file__).with_name("recorded") / "normalisation.json").read_text())
TOLERANCE = {"float64": 1e-12, "float32": 3e-6}
"""Relative, by the precision that the published code computed in; its own serving code uses either."""


def normaliser(case: dict[str, Any]) -> Normaliser:
    stats = {key: tuple(values) for key, values in DOCUMENT["stats"].items()}
    statistics = FeatureStatistics(
        names=tuple(f"component_{index}" for index in range(7)),
        minimum=stats["min"],
        maximum=stats["max"],
        q01=stats["q01"],
        q99=stats["q99"],
    )
    method = NormalisationMethod.QUANTILE if case["use_quantile"] else NormalisationMethod.MIN_MAX
    return Normaliser.from_statistics(statistics, method)


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: f"{case['use_quantile']}-{case['dtype']}")
def test_vectors_are_normalised_clamped_padded_and_brought_back(case: dict[str, Any]) -> None:
    tolerance = TOLERANCE[case["dtype"]]
    padded = normaliser(case).normalise(np.array(DOCUMENT["values"]))
    expected = np.array(case["padded"])
    assert (expected.min(), expected.max()) == (-15.0, 15.0)
    np.testing.assert_allclose(padded, expected, rtol=tolerance, atol=tolerance)
    assert normaliser(case).mask.tolist() == [bool(flag) for flag in case["mask"]]
    values = normaliser(case).denormalise(expected)
    np.testing.assert_allclose(values, np.array(case["denormalised"]), rtol=tolerance, atol=tolerance)


def test_the_other_statistics_would_be_seen() -> None:
    quantile, _, min_max, _ = DOCUMENT["cases"]
    padded = normaliser(min_max).normalise(np.array(DOCUMENT["values"]))
    assert np.abs(padded - np.array(quantile["padded"])).max() > 0.01
