"""Plain data becomes dataclasses strictly: what does not fit is refused by path."""

import re
from dataclasses import dataclass
from enum import StrEnum

import pytest
from zr0_core.schema import build


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Wheel:
    radius: float
    spokes: int

    def __post_init__(self) -> None:
        if self.radius <= 0.0:
            raise ValueError(f"radius is {self.radius}, expected above 0")


@dataclass(frozen=True)
class Cart:
    name: str
    color: Color
    wheels: tuple[Wheel, ...]
    size: tuple[float, float]


def cart() -> dict[str, object]:
    return {"name": "c", "color": "red", "wheels": [{"radius": 1, "spokes": 8}], "size": [1, 2.5]}


def test_nested_data_becomes_dataclasses() -> None:
    built = build(Cart, cart(), "")
    assert built == Cart("c", Color.RED, (Wheel(1.0, 8),), (1.0, 2.5))
    assert isinstance(built.wheels[0].radius, float)
    assert isinstance(built.color, Color)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nam": "c"}, "the document has no field 'nam', available: name, color, wheels, size; did you mean 'name'?"),
        ({"name": 3}, "name must be str, got 3"),
        ({"name": None}, "name must be str, got None"),
        ({"color": "green"}, "color is 'green', expected one of red, blue"),
        ({"wheels": 4}, "wheels must be a list, got 4"),
        ({"wheels": ["big"]}, "wheels[0] must be a mapping, got str"),
        ({"wheels": [{"radius": 1.0}]}, "wheels[0] lacks spokes"),
        ({"wheels": [{"radius": 1.0, "spokes": 8.5}]}, "wheels[0].spokes must be int, got 8.5"),
        ({"wheels": [{"radius": 1.0, "spokes": True}]}, "wheels[0].spokes must be int, got True"),
        ({"wheels": [{"radius": True, "spokes": 8}]}, "wheels[0].radius must be float, got True"),
        ({"wheels": [{"radius": "1", "spokes": 8}]}, "wheels[0].radius must be float, got '1'"),
        ({"wheels": [{"radius": float("nan"), "spokes": 8}]}, "wheels[0].radius is nan, expected a finite number"),
        ({"wheels": [{"radius": 0.0, "spokes": 8}]}, "wheels[0]: radius is 0.0, expected above 0"),
        ({"size": [1.0]}, "size must have 2 values, got 1"),
        ({"size": [1.0, "2"]}, "size[1] must be float, got '2'"),
    ],
)
def test_what_does_not_fit_is_refused_by_path(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        build(Cart, cart() | change, "")


def test_missing_fields_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"^cart lacks name, size$"):
        build(Cart, {"color": "red", "wheels": []}, "cart")


def test_a_document_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValueError, match="the document must be a mapping, got list"):
        build(Cart, [1], "")
