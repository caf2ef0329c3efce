"""Delays, counted in rows."""

import math
import threading
from collections import deque

from zr0_policy.chunking.timed_rows import TOLERANCE


def rows_begun(elapsed_s: float, step_period_s: float) -> int:
    """Count the rows of a chunk that are begun when it takes over.

    Row 0 is begun at the observation, so any delay at all costs one row.

    Args:
        elapsed_s: Time from the chunk's observation until it takes over, seconds.
        step_period_s: Time between rows, seconds.
    """
    return max(0, math.ceil(elapsed_s / step_period_s - TOLERANCE))


class DelayRecord:
    """Remembers the delays of recent inferences and expects the worst of them again.

    The first chunk of a task continues nothing: its inference tells the delay before one is needed.

    Safe to use from several threads.

    Source: Black et al. 2025, arXiv 2506.07339, algorithm 1: the delay is forecast as the maximum of a short buffer.

    Args:
        window: Number of inferences remembered, at least 1.
    """

    def __init__(self, window: int) -> None:
        self._lock = threading.Lock()
        self._delays: deque[int] = deque(maxlen=window)

    def add(self, delay: int) -> None:
        """Remember the delay of one inference, rows."""
        with self._lock:
            self._delays.append(delay)

    @property
    def last(self) -> int:
        """The delay of the last inference, rows; 0 before the first."""
        with self._lock:
            return self._delays[-1] if self._delays else 0

    @property
    def expected(self) -> int:
        """The delay to expect of the next inference, rows; 0 before the first."""
        with self._lock:
            return max(self._delays, default=0)
