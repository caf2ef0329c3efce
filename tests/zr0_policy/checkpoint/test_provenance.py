from typing import Any

import pytest
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.errors import CheckpointError

WHOLE: dict[str, Any] = {
    "is_trained": True,
    "description": "Fitted.",
    "seed": 3,
    "code_version": "0.1.0",
    "data": {"hash": "abc"},
    "training": {"steps": 2},
    "measured": {"loss": 0.5},
}


def test_what_is_written_is_read() -> None:
    provenance = Provenance.from_mapping(WHOLE, "test")
    assert provenance.to_mapping() == WHOLE
    assert provenance.training["steps"] == 2


def test_only_what_matters_to_people_is_required() -> None:
    provenance = Provenance.from_mapping({"is_trained": False, "description": "Random."}, "test")
    assert provenance == Provenance(is_trained=False, description="Random.")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"is_trained": "yes"}, "test: is_trained must be true or false, got 'yes'"),
        ({"is_trained": 1}, "is_trained must be true or false, got 1"),
        ({"description": None}, "description must be text, got None"),
        ({"seed": 1.5}, "seed must be a whole number, got 1.5"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"code_version": 1}, "code_version must be text, got 1"),
        ({"data": []}, r"data must be a mapping, got \[\]"),
        ({"training": "long"}, "training must be a mapping, got 'long'"),
        ({"measured": None}, "measured must be a mapping, got None"),
        ({"author": "x"}, "unknown fields author, available: is_trained, description"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        Provenance.from_mapping({**WHOLE, **change}, "test")


@pytest.mark.parametrize("name", ["is_trained", "description"])
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} must be"):
        Provenance.from_mapping({key: value for key, value in WHOLE.items() if key != name}, "test")


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(CheckpointError, match="test must be a mapping, got list"):
        Provenance.from_mapping([], "test")
