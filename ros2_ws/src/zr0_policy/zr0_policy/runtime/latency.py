"""Latencies of the last chunks."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class LatencySummary:
    """Latencies over a window of chunks, seconds."""

    count: int
    """Chunks in the window."""
    p50: float
    """Median."""
    p99: float
    """99 % quantile."""
    maximum: float
    """Largest."""


class LatencyWindow:
    """Keeps the latencies of the last chunks. Safe to use from several threads."""

    def __init__(self, size: int = 500) -> None:
        self._lock = threading.Lock()
        self._values: deque[float] = deque(maxlen=size)

    def add(self, seconds: float) -> None:
        """Add one latency, seconds."""
        with self._lock:
            self._values.append(seconds)

    def summary(self) -> LatencySummary:
        """Summarise the window; all zero when it is empty."""
        with self._lock:
            values = np.array(self._values)
        if not len(values):
            return LatencySummary(count=0, p50=0.0, p99=0.0, maximum=0.0)
        p50, p99 = np.quantile(values, [0.5, 0.99])
        return LatencySummary(count=len(values), p50=float(p50), p99=float(p99), maximum=float(values.max()))
