"""Field-by-field comparison of nested plain data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PRESENT, _ABSENT = "present", "absent"


@dataclass(frozen=True, kw_only=True)
class FieldDifference:
    """One field in which two embodiments differ."""

    field: str
    """Dotted path of the field; named entries of a list are addressed by name, as in `cameras.wrist.width`."""
    expected: str
    """Its value on this side; `absent` where only the other side has it."""
    got: str
    """Its value on the other side; `absent` where only this side has it."""

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.got}"


def differences(mine: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    """List every field in which two nested mappings differ; empty when they are equal."""
    return tuple(_compare("", mine, other))


def _compare(path: str, mine: Any, other: Any) -> Iterator[FieldDifference]:
    if isinstance(mine, dict) and isinstance(other, dict):
        for key in [*mine, *(key for key in other if key not in mine)]:
            where = f"{path}.{key}" if path else str(key)
            if key in mine and key in other:
                yield from _compare(where, mine[key], other[key])
            else:
                yield _one_sided(where, is_mine=key in mine)
    elif _has_names(mine) and _has_names(other):
        yield from _compare_named(
            path, {_name(entry): entry for entry in mine}, {_name(entry): entry for entry in other}
        )
    elif mine != other:
        yield FieldDifference(field=path, expected=_shown(mine), got=_shown(other))


def _compare_named(path: str, mine: dict[str, Any], other: dict[str, Any]) -> Iterator[FieldDifference]:
    yield from _compare(path, mine, other)
    my_order = [name for name in mine if name in other]
    other_order = [name for name in other if name in mine]
    if my_order != other_order:
        yield FieldDifference(field=f"{path} (order)", expected=", ".join(my_order), got=", ".join(other_order))


def _has_names(entries: Any) -> bool:
    return isinstance(entries, tuple) and all(
        isinstance(entry, str) or (isinstance(entry, dict) and "name" in entry) for entry in entries
    )


def _name(entry: Any) -> str:
    return str(entry["name"] if isinstance(entry, dict) else entry)


def _one_sided(path: str, *, is_mine: bool) -> FieldDifference:
    return FieldDifference(field=path, expected=_PRESENT if is_mine else _ABSENT, got=_ABSENT if is_mine else _PRESENT)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, Sequence):
        return f"{len(value)} values ({', '.join(_shown(entry) for entry in value)})"
    return repr(value)
