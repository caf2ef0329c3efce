"""One thing that was looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found, and what to do about it."""

    name: str
    """What was looked at."""
    is_ok: bool
    """Whether it is as it should be."""
    is_required: bool
    """Whether the stack cannot run without it."""
    found: str
    """What is there."""
    advice: str = ""
    """What to do if it is not ok."""

    @property
    def verdict(self) -> str:
        """ok, missing (required) or note (works without, but less well)."""
        if self.is_ok:
            return "ok"
        return "missing" if self.is_required else "note"
