"""Become another program that ends when its parent ends: `child.py PARENT_PID PROGRAM ...`.

Run with `-I -S`, so that it costs some milliseconds only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGTERM at the parent's death, then become the program."""
    parent = int(sys.argv[1])
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        sys.exit(f"the parent process {parent} ended before {sys.argv[2]} started")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
