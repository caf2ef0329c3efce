"""Where weights come from."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zr0_policy.errors import CheckpointError

_REQUIRED = ("is_trained", "description")
_KINDS: Mapping[str, tuple[type, str]] = {
    "is_trained": (bool, "true or false"),
    "description": (str, "text"),
    "seed": (int, "a whole number"),
    "code_version": (str, "text"),
    "data": (dict, "a mapping"),
    "training": (dict, "a mapping"),
    "measured": (dict, "a mapping"),
}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a checkpoint was made, for people and for the status line."""

    is_trained: bool
    """Whether the weights were fitted to data."""
    description: str
    """What was done, in a few sentences, with its limits."""
    seed: int = 0
    """Seed that the weights and the data were made from."""
    code_version: str = ""
    """Version of this package."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the weights were fitted to: source, hash, episodes, frames."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """How: optimiser, steps, what was frozen."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """What came out: losses and errors."""

    @classmethod
    def from_mapping(cls, data: object, source: str) -> "Provenance":
        """Read a provenance record.

        Raises:
            CheckpointError: `is_trained` or `description` is missing, a field is unknown or of the wrong type.
        """
        if not isinstance(data, Mapping):
            raise CheckpointError(f"{source} must be a mapping, got {type(data).__name__}")
        names = [item.name for item in dataclasses.fields(cls)]
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise CheckpointError(f"{source}: unknown fields {', '.join(unknown)}, available: {', '.join(names)}")
        for name, (kind, expected) in _KINDS.items():
            value = data.get(name)
            is_absent = name not in data and name not in _REQUIRED
            if not is_absent and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
                raise CheckpointError(f"{source}: {name} must be {expected}, got {value!r}")
        return cls(**data)

    def to_mapping(self) -> dict[str, Any]:
        """Return the record, ready for JSON."""
        return dataclasses.asdict(self)
