"""How late the ticks of a loop come."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

MISSED = 0.02
"""A tick this late, s, counts as missed."""


@dataclass(frozen=True, kw_only=True)
class LatenessReport:
    """Lateness of a loop."""

    num_ticks: int
    """Since the start."""
    num_missed: int
    """Of these, or of those skipped, how many were more than `MISSED` late."""
    num_skipped: int
    """Periods without a tick, because the one before ended too late."""
    p50: float
    """Median lateness over the last second, s."""
    max: float
    """Largest lateness over the last second, s."""


class LatenessRecord:
    """Collects lateness of ticks."""

    def __init__(self, window: int) -> None:
        """Start with nothing.

        Args:
            window: Number of ticks that the last second holds.
        """
        self._lock = threading.Lock()
        self._recent: deque[float] = deque(maxlen=window)
        self._num_ticks = self._num_missed = self._num_skipped = 0

    def note(self, lateness: float, num_skipped: int) -> None:
        """Take in a tick, how late it came, s, and how many periods before it were skipped."""
        with self._lock:
            self._recent.append(lateness)
            self._num_ticks += 1
            self._num_skipped += num_skipped
            self._num_missed += lateness > MISSED

    def report(self) -> LatenessReport:
        """Sum up."""
        with self._lock:
            recent = np.array(self._recent) if self._recent else np.zeros(1)
            return LatenessReport(
                num_ticks=self._num_ticks,
                num_missed=self._num_missed,
                num_skipped=self._num_skipped,
                p50=float(np.median(recent)),
                max=float(recent.max()),
            )
