"""Learn of a process's death from the kernel, within a millisecond."""

import os
import select
import threading
from collections.abc import Callable, Sequence


class DeathWatch:
    """A thread that waits for the first of some processes to end.

    Args:
        pids: Processes to watch; children of this process that nobody has reaped yet.
        on_death: Called once, from the thread, when the first of them has ended.
    """

    def __init__(self, pids: Sequence[int], on_death: Callable[[], None]) -> None:
        self._on_death = on_death
        self._descriptors = [os.pidfd_open(pid) for pid in pids]
        self._wake_reader, self._wake_writer = os.pipe()
        self._thread = threading.Thread(target=self._wait, name="death watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        os.write(self._wake_writer, b"x")
        self._thread.join()
        for descriptor in (*self._descriptors, self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _wait(self) -> None:
        poll = select.poll()
        for descriptor in (*self._descriptors, self._wake_reader):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll()}
        if self._wake_reader not in ready:
            self._on_death()
