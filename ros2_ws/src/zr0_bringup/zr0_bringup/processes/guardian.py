"""Outlive the supervisor, to end what it started if it is killed itself.

Reads process group ids, one per line, from its standard input. When that closes without the word `done`, the
supervisor has died: the nodes got SIGTERM from the kernel then; groups that are still there after some seconds
are killed. Run with `-I -S`.
"""

import os
import signal
import sys
import time

GRACE_S = 8.0
DONE = "done"


def is_alive(group: int) -> bool:
    """Whether a process of the group exists."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Wait for the end of the supervisor."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    groups = []
    for line in sys.stdin:
        if line.strip() == DONE:
            return
        groups.append(int(line))
    deadline = time.monotonic() + GRACE_S
    while any(is_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        if is_alive(group):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
