"""The control loop: a thread that ticks at a fixed rate, whatever else the process does."""

import gc
import logging
import threading
import time
from collections.abc import Callable

from zr0_core.scheduling import Priority, prefer_thread

from zr0_xarm.control.lateness import MISSED, LatenessRecord

NS_PER_S = 1_000_000_000

logger = logging.getLogger(__name__)


class ControlLoop:
    """Calls a function at absolute deadlines.

    A late tick is not caught up with: deadlines that have passed are skipped and counted, so the function is never
    called twice in short succession. The thread asks for real-time priority. Objects that exist at the start are
    taken out of garbage collection, whose pauses would otherwise grow with them.
    """

    def __init__(self, tick: Callable[[int, bool], None], rate: float) -> None:
        """Make a loop.

        Args:
            tick: Called with the nominal time of the tick, ns since the epoch, and whether the loop was held up.
            rate: Ticks per second.
        """
        self._tick = tick
        self._period_ns = round(NS_PER_S / rate)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lateness = LatenessRecord(round(rate))
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start ticking."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="control-loop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking; returns when the last tick has ended."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def is_running(self) -> bool:
        """Whether the loop ticks."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        logger.info("control loop: %s", prefer_thread(Priority.CONTROL_LOOP))
        gc.collect()
        gc.freeze()
        try:
            self._run_ticks()
        except BaseException as error:
            # The edge of a thread: without this the arm would silently be without a controller.
            self.failure = error
            logger.exception("the control loop failed; the arm is no longer commanded")

    def _run_ticks(self) -> None:
        deadline = time.monotonic_ns() + self._period_ns
        while not self._stop.is_set():
            now = time.monotonic_ns()
            if now < deadline:
                time.sleep((deadline - now) / NS_PER_S)
                now = time.monotonic_ns()
            late_ns = now - deadline
            num_skipped = late_ns // self._period_ns
            deadline += num_skipped * self._period_ns
            self.lateness.note(late_ns / NS_PER_S, num_skipped)
            to_epoch = time.time_ns() - time.monotonic_ns()
            self._tick(deadline + to_epoch, late_ns > MISSED * NS_PER_S)
            deadline += self._period_ns
