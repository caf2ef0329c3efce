"""What the lifecycle manager has to say about the nodes it brings up."""

from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """How far the bring-up has come."""

    WAITING = "waiting"
    CONFIGURING = "configuring"
    ACTIVATING = "activating"
    ACTIVE = "active"
    DEACTIVATING = "deactivating"
    FAILED = "failed"


@dataclass(kw_only=True)
class Progress:
    """The bring-up as told to others. Changes while it goes on."""

    phase: Phase = Phase.WAITING
    """How far it is."""
    reason: str = ""
    """What is waited for, or what failed."""
    states: dict[str, str] = field(default_factory=dict)
    """Lifecycle state of each node, by node name."""

    @property
    def is_ready(self) -> bool:
        """Whether every node is active."""
        return self.phase is Phase.ACTIVE

    def sentence(self) -> str:
        """Say it to a person."""
        return f"{self.phase}: {self.reason}" if self.reason else str(self.phase)
