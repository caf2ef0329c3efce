"""Where weights come from."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zr0_policy.errors import CheckpointError


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
            CheckpointError: `is_trained` or `description` is missing or of the wrong type, or a field is unknown.
        """
        if not isinstance(data, Mapping):
            raise CheckpointError(f"{source} must be a mapping, got {type(data).__name__}")
        names = [item.name for item in dataclasses.fields(cls)]
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise CheckpointError(f"{source}: unknown fields {', '.join(unknown)}, available: {', '.join(names)}")
        if not isinstance(data.get("is_trained"), bool):
            raise CheckpointError(f"{source}: is_trained must be true or false, got {data.get('is_trained')!r}")
        if not isinstance(data.get("description"), str):
            raise CheckpointError(f"{source}: description must be text, got {data.get('description')!r}")
        return cls(**data)

    def to_mapping(self) -> dict[str, Any]:
        """Return the record, ready for JSON."""
        return dataclasses.asdict(self)
