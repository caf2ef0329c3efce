from dataclasses import asdict
from typing import Any

import pytest
from zr0_policy.fast.config import FastConfig

PUBLISHED = {"scale": 10, "vocab_size": 2048, "min_token": -354, "action_dim": None, "time_horizon": None}


def test_the_published_numbers_are_read_and_written_back() -> None:
    config = FastConfig.from_mapping(PUBLISHED)
    assert (config.scale, config.vocab_size, config.min_token) == (10, 2048, -354)
    assert asdict(config) == PUBLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_field_is_needed(name: str) -> None:
    with pytest.raises(ValueError, match=f"lacks {name}$"):
        FastConfig.from_mapping({key: value for key, value in PUBLISHED.items() if key != name})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="has unknown fields norm, available: scale, vocab_size, min_token"):
        FastConfig.from_mapping({**PUBLISHED, "norm": "ortho"})


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("scale", 0, "scale is 0, expected a number above 0, at most 1e"),
        ("scale", -1.0, "scale is -1.0"),
        ("scale", float("nan"), "scale is nan"),
        ("scale", float("inf"), "scale is inf"),
        ("scale", 10**400, "scale is 1000"),
        ("scale", 2e6, "scale is 2000000.0"),
        ("scale", "10", "scale is '10'"),
        ("scale", True, "scale is True"),
        ("scale", None, "scale is None"),
        ("vocab_size", 0, "vocab_size is 0, expected a whole number from 1 to 2048"),
        ("vocab_size", 2049, "vocab_size is 2049"),
        ("vocab_size", 512.0, "vocab_size is 512.0"),
        ("vocab_size", True, "vocab_size is True"),
        ("vocab_size", None, "vocab_size is None"),
        ("min_token", -354.5, "min_token is -354.5, expected a whole number from -55295 to 55295"),
        ("min_token", 55296, "min_token is 55296"),
        ("min_token", -55296, "min_token is -55296"),
        ("min_token", "0", "min_token is '0'"),
        ("action_dim", 0, "action_dim is 0, expected a whole number from 1, or null"),
        ("action_dim", 7.0, "action_dim is 7.0"),
        ("time_horizon", "32", "time_horizon is '32', expected a whole number from 1, or null"),
        ("time_horizon", True, "time_horizon is True"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        FastConfig.from_mapping({**PUBLISHED, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("scale", 1e6), ("scale", 0.5), ("vocab_size", 1), ("min_token", 55295), ("min_token", -55295)],
)
def test_the_ends_of_the_ranges_are_in(name: str, value: float) -> None:
    assert getattr(FastConfig.from_mapping({**PUBLISHED, name: value}), name) == value
