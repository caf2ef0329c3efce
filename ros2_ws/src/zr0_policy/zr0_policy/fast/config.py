"""The numbers of a FAST tokenizer, named as in its published `processor_config.json`."""

from dataclasses import dataclass, fields
from typing import Any, TypeGuard

from zr0_policy.fast.action_text import NUM_ACTION_TOKENS
from zr0_policy.fast.byte_pairs import LAST_CHARACTER

_MAXIMUM_SCALE = 1e6


@dataclass(frozen=True, kw_only=True)
class FastConfig:
    """Everything about a FAST tokenizer but its vocabulary."""

    scale: float
    """Quantisation steps per unit of a normalised frequency coefficient, above 0."""
    vocab_size: int
    """Tokens, 1 to 2048."""
    min_token: int
    """The coefficient, in quantisation steps, that becomes character 0; what is below is clipped to it."""
    action_dim: int | None = None
    """Components D that the published code decodes by default; it leaves its last ones here. Not used here."""
    time_horizon: int | None = None
    """Steps H that the published code decodes by default; it leaves its last ones here. Not used here."""

    def __post_init__(self) -> None:
        if not (isinstance(self.scale, float) or _is_whole(self.scale)) or not 0 < self.scale <= _MAXIMUM_SCALE:
            raise ValueError(f"scale is {self.scale!r}, expected a number above 0, at most {_MAXIMUM_SCALE:g}")
        _check_whole("vocab_size", self.vocab_size, 1, NUM_ACTION_TOKENS)
        _check_whole("min_token", self.min_token, -LAST_CHARACTER, LAST_CHARACTER)
        for name in ("action_dim", "time_horizon"):
            value = getattr(self, name)
            if value is not None and (not _is_whole(value) or value < 1):
                raise ValueError(f"{name} is {value!r}, expected a whole number from 1, or null")

    @classmethod
    def from_mapping(cls, data: dict[str, Any]) -> "FastConfig":
        """Read the fields, strictly.

        Raises:
            ValueError: A field is missing, unknown, of the wrong type, or out of range.
        """
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}")
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(f"has unknown fields {', '.join(unknown)}, available: {', '.join(names)}")
        return cls(**data)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if not _is_whole(value) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}, expected a whole number from {low} to {high}")
