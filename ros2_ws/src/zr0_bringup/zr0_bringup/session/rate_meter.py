"""Measure how often something arrives, and how long it has been silent."""

from collections import deque

WINDOW_S = 2.0


class RateMeter:
    """Counts arrivals over the last two seconds and over all."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._first = 0.0
        self._last = 0.0
        self.count = 0
        self.longest_gap_s = 0.0

    def tick(self, time_s: float) -> None:
        """Note an arrival; times must not decrease."""
        if self.count == 0:
            self._first = time_s
        else:
            self.longest_gap_s = max(self.longest_gap_s, time_s - self._last)
        self._last = time_s
        self.count += 1
        self._times.append(time_s)
        while self._times[0] < time_s - WINDOW_S:
            self._times.popleft()

    def rate(self, now_s: float) -> float:
        """Return arrivals per second over the window before now."""
        span = min(WINDOW_S, now_s - self._first)
        if self.count == 0 or span <= 0.0:
            return 0.0
        return sum(time > now_s - span for time in tuple(self._times)) / span

    def mean_rate(self) -> float:
        """Return arrivals per second from the first to the last; 0 if fewer than two."""
        return (self.count - 1) / (self._last - self._first) if self._last > self._first else 0.0

    def age(self, now_s: float) -> float:
        """Return the seconds since the last arrival; infinity if there was none."""
        return now_s - self._last if self.count else float("inf")
