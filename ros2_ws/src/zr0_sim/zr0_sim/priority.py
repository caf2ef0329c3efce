"""Ask the operating system to let the simulated hardware run on time.

A real control box and real cameras have computers of their own. Here they share cores with the controller and the
policy, and share Python's interpreter lock with each other: a thread that holds the lock and waits for a core keeps the
box from ticking. So every thread that takes the lock gets real-time priority where that is permitted, the box's the
highest. Niceness would not do: Linux weighs it only among the processes of one session.
"""

import os
import threading
from collections.abc import Mapping

BOX_PRIORITY = 10
"""SCHED_FIFO priority of the control box, 1 to 99."""
READER_PRIORITY = 5
"""SCHED_FIFO priority of what shows the table: cameras and ROS, 1 to 99."""


def prefer_threads(priorities: Mapping[str, int]) -> str:
    """Give threads of this process real-time priority, if that is permitted.

    Args:
        priorities: SCHED_FIFO priority, 1 to 99, by thread name. Threads of other names are left alone.

    Returns:
        What was got, in words, for the log.

    Raises:
        ValueError: There is no thread of one of these names.
    """
    running = {thread.name: thread.native_id or 0 for thread in threading.enumerate()}
    for name in priorities:
        if name not in running:
            raise ValueError(f"no thread named {name!r} runs, there are: {', '.join(sorted(running))}")
    if not hasattr(os, "sched_setscheduler"):
        return "normal scheduling (this system has no other)"
    try:
        for name, priority in priorities.items():
            os.sched_setscheduler(running[name], os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return "normal scheduling (real-time is not permitted: ticks may be late when the machine is busy)"
    return f"real-time scheduling of {', '.join(priorities)}"
