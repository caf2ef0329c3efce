"""Latencies of the last chunks."""

import bisect
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Upper ends of the histogram's buckets, inclusive, seconds; a last bucket holds what is above."""


@dataclass(frozen=True, kw_only=True)
class LatencySummary:
    """Latencies of chunks, seconds."""

    count: int
    """Chunks in the window."""
    p50: float
    """Median of the window."""
    p99: float
    """99 % quantile of the window."""
    maximum: float
    """Largest of the window."""
    histogram: tuple[int, ...]
    """How many of all chunks, not only those in the window, fell into each of `BUCKETS_S`, and above."""


class LatencyWindow:
    """Keeps the latencies of the last chunks, and counts all of them. Safe to use from several threads."""

    def __init__(self, size: int = 500) -> None:
        self._lock = threading.Lock()
        self._values: deque[float] = deque(maxlen=size)
        self._histogram = [0] * (len(BUCKETS_S) + 1)

    def add(self, seconds: float) -> None:
        """Add one latency, seconds."""
        with self._lock:
            self._values.append(seconds)
            self._histogram[bisect.bisect_left(BUCKETS_S, seconds)] += 1

    def summary(self) -> LatencySummary:
        """Summarise; all zero when there are none."""
        with self._lock:
            values = np.array(self._values)
            histogram = tuple(self._histogram)
        p50, p99, maximum = np.quantile(values, [0.5, 0.99, 1.0]).tolist() if len(values) else (0.0, 0.0, 0.0)
        return LatencySummary(count=len(values), p50=p50, p99=p99, maximum=maximum, histogram=histogram)
