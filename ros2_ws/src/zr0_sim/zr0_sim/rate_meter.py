"""Rates over the last second."""

from collections import deque


class RateMeter:
    """Measures how fast a counter grows, over a sliding window.

    Args:
        window: Length of the window, s.
    """

    def __init__(self, window: float = 1.0) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, time: float, count: float) -> None:
        """Take the counter's value at a time, s."""
        self._samples.append((time, count))
        while len(self._samples) > 2 and time - self._samples[1][0] >= self._window:
            self._samples.popleft()

    @property
    def rate(self) -> float:
        """Counts per second over the window; 0 before two samples."""
        if len(self._samples) < 2:
            return 0.0
        (first_time, first), (last_time, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_time - first_time) if last_time > first_time else 0.0
