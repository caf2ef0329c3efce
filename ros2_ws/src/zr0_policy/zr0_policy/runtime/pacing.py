"""Keeping a rate."""

import threading
import time


class Pacer:
    """Waits for the next tick of a fixed rate; ticks that were missed are left out, never made up for.

    Args:
        period_s: Time between ticks, seconds.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next = time.monotonic()

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next tick, or less when `stop` is set; return whether it is set."""
        now = time.monotonic()
        self._next += self._period_s
        if self._next < now:
            missed = int((now - self._next) / self._period_s) + 1
            self._next += missed * self._period_s
        return stop.wait(self._next - now)
