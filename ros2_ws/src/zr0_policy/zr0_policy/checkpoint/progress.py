"""How far reading or writing weights has come."""

import logging
import time
from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the bytes done so far and the bytes in all; first with 0, last with both equal."""


def ignore_progress(_num_done: int, _num_total: int) -> None:
    """Report nothing."""


class ByteCounter:
    """Adds up pieces of work and reports the sum.

    Args:
        progress: Told of every sum, first of 0.
        num_total: Bytes in all.
    """

    def __init__(self, progress: Progress, num_total: int) -> None:
        self._progress = progress
        self._num_total = num_total
        self._num_done = 0
        progress(0, num_total)

    def add(self, num_bytes: int) -> None:
        """Take note of bytes that are done."""
        self._num_done += num_bytes
        self._progress(self._num_done, self._num_total)


class LoggedProgress:
    """Logs progress with the time that remains, at most once per interval, and the end.

    Args:
        logger: Where to.
        what: What is being done, as the beginning of every line.
        interval: Seconds between lines.
        clock: Seconds from any beginning.
    """

    def __init__(
        self,
        logger: logging.Logger,
        what: str,
        *,
        interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._what = what
        self._interval = interval
        self._clock = clock
        self._began = self._last = clock()

    def __call__(self, num_done: int, num_total: int) -> None:
        """Take note of the bytes done and the bytes in all."""
        now = self._clock()
        elapsed = now - self._began
        if num_done >= num_total:
            rate = num_total / elapsed / 1e9 if elapsed > 0 else 0.0
            self._logger.info("%s: %.2f GB in %.1f s (%.2f GB/s)", self._what, num_total / 1e9, elapsed, rate)
        elif num_done > 0 and now - self._last >= self._interval:
            self._last = now
            self._logger.info(
                "%s: %.2f of %.2f GB, about %.0f s left",
                self._what,
                num_done / 1e9,
                num_total / 1e9,
                elapsed * (num_total - num_done) / num_done,
            )
