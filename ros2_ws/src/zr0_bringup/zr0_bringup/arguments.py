"""Arguments of a bring-up: one name, one default, one description for launch files and command line."""

from collections.abc import Mapping
from dataclasses import dataclass

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class LaunchArgument:
    """One argument."""

    name: str
    """In `name:=value` of a launch file and in `--name` of the command line."""
    description: str
    """What it decides, with its unit."""
    default: Scalar
    """Its value when not given; its type is the argument's type."""
    choices: tuple[str, ...] = ()
    """The values that exist; empty when there are others."""
    is_required: bool = False
    """Whether it must be given; the default then only tells the type."""

    def __post_init__(self) -> None:
        if self.choices and not self.is_required and self.default not in self.choices:
            raise ValueError(f"argument {self.name}: default {self.default!r} is not among {', '.join(self.choices)}")

    def parse(self, text: str) -> Scalar:
        """Read a value.

        Raises:
            ValueError: It is not of the argument's type or not among its choices; the message says what is expected.
        """
        if self.choices and text not in self.choices:
            raise ValueError(f"{self.name} is {text!r}, expected one of {', '.join(self.choices)}")
        kind = type(self.default)
        try:
            if kind is bool:
                return {"true": True, "false": False}[text.lower()]
            return kind(text)
        except (ValueError, KeyError):
            names = {bool: "true or false", int: "a whole number", float: "a number"}
            raise ValueError(f"{self.name} is {text!r}, expected {names[kind]}") from None


def check_values(arguments: Mapping[str, LaunchArgument], values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Fill in defaults.

    Raises:
        ValueError: A value is of an unknown argument or of another type, or a required one is absent.
    """
    unknown = sorted(set(values) - set(arguments))
    if unknown:
        raise ValueError(f"no argument {', '.join(unknown)}, available: {', '.join(arguments)}")
    missing = [name for name, argument in arguments.items() if argument.is_required and not values.get(name)]
    if missing:
        raise ValueError(f"{', '.join(missing)} must be given: {arguments[missing[0]].description}")
    for name, value in values.items():
        if type(value) is not type(arguments[name].default):
            raise ValueError(f"{name} is {value!r}, expected {type(arguments[name].default).__name__}")
    return {name: values.get(name, argument.default) for name, argument in arguments.items()}
