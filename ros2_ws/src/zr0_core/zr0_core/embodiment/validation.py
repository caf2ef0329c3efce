"""Checks that several parts of an embodiment share. Each raises ValueError naming the field, the value and the rule."""

import difflib
import math
import re
from collections.abc import Sequence

_TOPIC = re.compile(r"(/[A-Za-z_][A-Za-z0-9_]*)+")


def check_positive(field: str, value: float) -> None:
    """Refuse what is not a finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{field} is {value}, expected a finite number above 0")


def check_text(field: str, value: str) -> None:
    """Refuse an empty text."""
    if not value.strip():
        raise ValueError(f"{field} is empty")


def check_topic(field: str, value: str) -> None:
    """Refuse what is not an absolute topic name."""
    if not _TOPIC.fullmatch(value):
        raise ValueError(f"{field} is {value!r}, expected an absolute topic name such as /camera/front/image_raw")


def check_unique(field: str, names: Sequence[str]) -> None:
    """Refuse names given more than once."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{field}: {', '.join(repeated)} given more than once")


def check_known(field: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that is not one of the known ones."""
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{field}: unknown {name!r}, available: {', '.join(known)}{hint}")
