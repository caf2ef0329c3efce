"""Tests of zr0_bringup.arguments."""

import pytest
from zr0_bringup.arguments import LaunchArgument, Scalar, check_values

RATE = LaunchArgument(name="rate", description="Hz", default=2.0)
COUNT = LaunchArgument(name="count", description="pieces", default=3)
DRY = LaunchArgument(name="dry", description="or not", default=False)
MODE = LaunchArgument(name="mode", description="how", default="a", choices=("a", "b"))
HOST = LaunchArgument(name="host", description="where", default="", is_required=True)
ALL = {argument.name: argument for argument in (RATE, COUNT, DRY, MODE, HOST)}


@pytest.mark.parametrize(
    ("argument", "text", "value"), [(RATE, "4", 4.0), (COUNT, "4", 4), (DRY, "True", True), (MODE, "b", "b")]
)
def test_a_value_gets_the_type_of_the_default(argument: LaunchArgument, text: str, value: Scalar) -> None:
    parsed = argument.parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("argument", "text", "message"),
    [
        (RATE, "fast", "rate is 'fast', expected a number"),
        (COUNT, "1.5", "count is '1.5', expected a whole number"),
        (DRY, "perhaps", "dry is 'perhaps', expected true or false"),
        (MODE, "c", "mode is 'c', expected one of a, b"),
    ],
)
def test_a_bad_value_is_refused_with_its_name(argument: LaunchArgument, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        argument.parse(text)


def test_a_default_must_be_among_the_choices() -> None:
    with pytest.raises(ValueError, match="argument mode: default 'z' is not among a, b"):
        LaunchArgument(name="mode", description="", default="z", choices=("a", "b"))


def test_defaults_fill_in() -> None:
    values = check_values(ALL, {"host": "h", "count": 7})
    assert values == {"rate": 2.0, "count": 7, "dry": False, "mode": "a", "host": "h"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"host": "h", "hsot": "x"}, "no argument hsot, available: rate, count, dry, mode, host"),
        ({}, "host must be given: where"),
        ({"host": "h", "rate": "2"}, "rate is '2', expected float"),
    ],
)
def test_unknown_absent_and_mistyped_values_are_refused(values: dict[str, Scalar], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_values(ALL, values)
