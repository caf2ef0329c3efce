"""What a process is started from, and how it ended."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """One process."""

    name: str
    """What a person calls it: the node's name."""
    command: tuple[str, ...]
    """The program as a path, and its arguments."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beside the supervisor's own."""


@dataclass(frozen=True, kw_only=True)
class ProcessExit:
    """The end of one process."""

    name: str
    """The node's name."""
    return_code: int
    """Exit code; the negative signal number if a signal ended it."""
    is_requested: bool
    """Whether it ended because it was asked to."""
    signals_needed: tuple[str, ...]
    """Names of the signals that were sent until it ended."""
    log: Path
    """File with all it printed."""

    @property
    def is_clean(self) -> bool:
        """Whether it ended when asked the first time, with exit code 0."""
        return self.is_requested and self.return_code == 0 and len(self.signals_needed) <= 1

    def __str__(self) -> str:
        if self.return_code < 0:
            how = f"was ended by {signal.Signals(-self.return_code).name}"
            if self.return_code == -signal.SIGKILL and not self.is_requested:
                how += " (kill -9, or out of memory)"
        else:
            how = f"ended with exit code {self.return_code}"
        if len(self.signals_needed) > 1:
            how += f" after {', '.join(self.signals_needed)}"
        return f"node {self.name} {how}"
