"""Learn of a process's death from the kernel, within a millisecond."""

import os
import select
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from zr0_core.scheduling import Priority, prefer_thread


def process_space() -> str:
    """Return a name that two processes share if and only if each can find the other by its process number."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


class DeathWatch:
    """A thread that waits for the first of some processes to end.

    Args:
        pids: Processes to watch; of children, those that nobody has reaped yet.
        on_death: Called once, from the thread, when the first of them has ended.

    Raises:
        ProcessLookupError: One of them does not exist.
    """

    def __init__(self, pids: Sequence[int], on_death: Callable[[], None]) -> None:
        self._on_death = on_death
        self._descriptors: list[int] = []
        try:
            for pid in pids:
                self._descriptors.append(os.pidfd_open(pid))
        except OSError:
            for descriptor in self._descriptors:
                os.close(descriptor)
            raise
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
        prefer_thread(Priority.DEATH_WATCH)
        poll = select.poll()
        for descriptor in (*self._descriptors, self._wake_reader):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll()}
        if self._wake_reader not in ready:
            self._on_death()
