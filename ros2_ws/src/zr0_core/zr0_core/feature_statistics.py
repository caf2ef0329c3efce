"""The value ranges of a vector feature, measured over a dataset, and their JSON file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zr0_core.errors import NormalisationError

_FIELDS = ("minimum", "maximum", "q01", "q99")
_JSON_KEYS = {"minimum": "min", "maximum": "max", "q01": "q01", "q99": "q99"}


@dataclass(frozen=True, kw_only=True)
class FeatureStatistics:
    """Ranges of one feature, such as the state or the action vector, in its own units."""

    names: tuple[str, ...]
    """Component names, D of them."""
    minimum: tuple[float, ...]
    """Smallest values."""
    maximum: tuple[float, ...]
    """Largest values."""
    q01: tuple[float, ...] | None = None
    """1 % quantiles; None where they were not measured."""
    q99: tuple[float, ...] | None = None
    """99 % quantiles; None where they were not measured."""

    def __post_init__(self) -> None:
        for field in _FIELDS:
            values = getattr(self, field)
            if values is not None and len(values) != len(self.names):
                raise ValueError(f"{_JSON_KEYS[field]} has {len(values)} values for {len(self.names)} names")
        if (self.q01 is None) != (self.q99 is None):
            raise ValueError("q01 and q99 must be given together")


def load_statistics(path: Path, names: Mapping[str, Sequence[str]] | None = None) -> dict[str, FeatureStatistics]:
    """Load statistics by feature key: our `normalization.json`, or the `stats.json` of a LeRobot dataset.

    Args:
        path: The JSON file: `{feature key: {names, min, max, q01, q99}}`; further entries are not read.
        names: Component names by feature key, for files that do not carry them; features outside it are not read then.

    Raises:
        NormalisationError: The file is missing or malformed; the message names feature and field.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NormalisationError(f"statistics file {path} does not exist") from error
    except json.JSONDecodeError as error:
        raise NormalisationError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise NormalisationError(f"{path} must hold features by key, got a {type(document).__name__}")
    absent = [key for key in names or () if key not in document]
    if absent:
        raise NormalisationError(f"{path} lacks {', '.join(absent)}; it has: {', '.join(document)}")
    return {
        key: _feature(f"{path}: {key}", entry, None if names is None else names[key])
        for key, entry in document.items()
        if names is None or key in names
    }


def save_statistics(path: Path, statistics: Mapping[str, FeatureStatistics]) -> None:
    """Write statistics so that `load_statistics` reads equal ones."""
    document = {
        key: {"names": list(entry.names)}
        | {_JSON_KEYS[field]: list(values) for field in _FIELDS if (values := getattr(entry, field)) is not None}
        for key, entry in statistics.items()
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _feature(where: str, entry: object, names: Sequence[str] | None) -> FeatureStatistics:
    if not isinstance(entry, dict):
        raise NormalisationError(f"{where} must be a mapping, got a {type(entry).__name__}")
    stated = entry.get("names")
    if names is None and stated is None:
        raise NormalisationError(f"{where} carries no names; give the component names explicitly")
    if names is not None and stated is not None and list(stated) != list(names):
        raise NormalisationError(f"{where} is for {', '.join(stated)}, expected {', '.join(names)}")
    values = {field: _numbers(f"{where}: {key}", entry.get(key)) for field, key in _JSON_KEYS.items()}
    minimum, maximum = values["minimum"], values["maximum"]
    if minimum is None or maximum is None:
        raise NormalisationError(f"{where} lacks min or max; it has: {', '.join(entry)}")
    try:
        return FeatureStatistics(
            names=tuple(names if names is not None else stated or ()),
            minimum=minimum,
            maximum=maximum,
            q01=values["q01"],
            q99=values["q99"],
        )
    except ValueError as error:
        raise NormalisationError(f"{where}: {error}") from error


def _numbers(where: str, values: object) -> tuple[float, ...] | None:
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        raise NormalisationError(f"{where} must be a list of numbers, got {values!r}")
    return tuple(float(value) for value in values)
