"""Ask the operating system to let the simulated hardware run on time.

A real control box and real cameras have computers of their own. Here they share cores with the controller and the
policy, and share Python's interpreter lock with each other: a thread that holds the lock and waits for a core keeps the
box from ticking. So all threads that take the lock get real-time priority where that is permitted, the box's the
highest.
"""

import os
import threading
from collections.abc import Mapping

TICK_PRIORITY = 20
"""SCHED_FIFO priority of the thread that ticks; 1 to 99."""
SERVER_PRIORITY = 10
"""SCHED_FIFO priority of the thread that answers; 1 to 99."""
READER_PRIORITY = 5
"""SCHED_FIFO priority of the threads that show the table: cameras and ROS; 1 to 99."""
NICENESS = -10
"""What is asked for where real-time scheduling is not permitted."""


def prefer_threads(priorities: Mapping[str, int]) -> str:
    """Raise the priority of this process's threads as far as is permitted.

    Args:
        priorities: SCHED_FIFO priority by thread name. Threads of other names are left alone.

    Returns:
        What was got, in words, for the log.

    Raises:
        ValueError: There is no thread of one of these names.
    """
    running = {thread.name: thread.native_id for thread in threading.enumerate()}
    for name in priorities:
        if running.get(name) is None:
            raise ValueError(f"no thread named {name!r} runs, there are: {', '.join(sorted(running))}")
    if not hasattr(os, "sched_setscheduler"):
        return "normal scheduling (this system has no other)"
    identifiers = {running[name] or 0: priority for name, priority in priorities.items()}
    try:
        for identifier, priority in identifiers.items():
            os.sched_setscheduler(identifier, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return _make_less_nice(list(identifiers))
    return "real-time scheduling (SCHED_FIFO)"


def _make_less_nice(identifiers: list[int]) -> str:
    try:
        for identifier in identifiers:
            os.setpriority(os.PRIO_PROCESS, identifier, NICENESS)
    except PermissionError:
        return "normal scheduling (raising it is not permitted; ticks may be late when the machine is busy)"
    return f"niceness {NICENESS} (real-time scheduling is not permitted)"
