"""One set-up at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zr0_setup.errors import SetupError
from zr0_setup.progress import say

LONGEST_WAIT_S = 1800.0


@contextmanager
def setup_lock(path: Path, longest_wait_s: float = LONGEST_WAIT_S) -> Iterator[None]:
    """Hold the set-up lock. The system releases it when its holder ends, however that happens.

    Raises:
        SetupError: Another set-up holds it for longer than `longest_wait_s`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _acquire(file.fileno(), path, longest_wait_s)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _acquire(descriptor: int, path: Path, longest_wait_s: float) -> None:
    deadline = time.monotonic() + longest_wait_s
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "unknown"
            if time.monotonic() >= deadline:
                raise SetupError(
                    f"another set-up (process {holder}) has held {path} for {longest_wait_s:.0f} s; "
                    "wait for it, or end that process, and run this again"
                ) from None
            if not is_told:
                say(f"waiting for another set-up of this checkout (process {holder}) to finish")
                is_told = True
            time.sleep(0.2)
        else:
            return
