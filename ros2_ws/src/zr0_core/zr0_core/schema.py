"""Turn plain data, as read from YAML, into frozen dataclasses, refusing what does not fit."""

import dataclasses
import difflib
import math
import typing
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


def build(cls: type[T], data: object, path: str) -> T:
    """Build a dataclass from a mapping, strictly.

    Args:
        cls: A dataclass whose fields are str, int, float, a StrEnum, tuples, or further dataclasses.
        data: A mapping with exactly the fields of `cls`.
        path: Dotted path of `data` in the document, for error messages; empty for the whole.

    Raises:
        ValueError: A field is missing, unknown, of the wrong type, or refused by the dataclass; the message names it.
    """
    where = path or "the document"
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be a mapping, got {type(data).__name__}")
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    for key in data:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{where} has no field {key!r}, available: {', '.join(names)}{hint}")
    missing = [name for name in names if name not in data]
    if missing:
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    values = {name: _convert(hints[name], data[name], f"{path}.{name}" if path else name) for name in names}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}" if path else str(error)) from error


def _convert(hint: Any, value: object, path: str) -> object:
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[object], hint), value, path)
    if typing.get_origin(hint) is tuple:
        return _convert_tuple(typing.get_args(hint), value, path)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        if value not in [member.value for member in hint]:
            raise ValueError(f"{path} is {value!r}, expected one of {', '.join(member.value for member in hint)}")
        return hint(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}, expected a finite number")
        return float(value)
    if isinstance(value, hint) and not isinstance(value, bool):
        return value
    raise ValueError(f"{path} must be {hint.__name__}, got {value!r}")


def _convert_tuple(arguments: tuple[Any, ...], value: object, path: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{path} must be a list, got {value!r}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise ValueError(f"{path} must have {len(arguments)} values, got {len(value)}")
    pairs = zip(arguments, value, strict=True)
    return tuple(_convert(hint, item, f"{path}[{index}]") for index, (hint, item) in enumerate(pairs))
