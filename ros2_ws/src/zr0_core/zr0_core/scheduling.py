"""Ask the operating system to let what must be on time run first.

On a busy machine a thread that is ready can wait for a core for tens of milliseconds, and in Python one thread that
waits while it holds the interpreter's lock keeps all others of its process from running. So what must be on time gets
real-time priority (SCHED_FIFO) with every thread of its process that takes the lock, where that is permitted.
Niceness would not do: Linux weighs it only among the processes of one session, and every node has a session of its own.
"""

import os
import threading
from collections.abc import Mapping
from enum import IntEnum

REFUSED = (
    "normal scheduling: real-time is not permitted, so ticks may come late on a busy machine; "
    "allow it with 'rtprio 50' for this user in /etc/security/limits.conf"
)


class Priority(IntEnum):
    """SCHED_FIFO priorities, 1 to 99, of all that the stack wants to be on time. Inference and recording have none."""

    CONTROL_LOOP = 20
    """The thread that commands the arm at 100 Hz."""
    DEATH_WATCH = 12
    """The thread that stops the arm when a node has died."""
    CONTROL_BOX = 10
    """The simulated control box, which a real arm has in hardware of its own."""
    LIFECYCLE_MANAGER = 9
    """It does little, but a killed process needs a core to die on, and the arm is stopped only when it is dead."""
    CONTROLLER = 8
    """The other threads of the controller: any of them can hold the lock that the loop waits for."""
    CAMERAS = 5
    """The simulated cameras and ground truth."""
    POLICY_NODE = 4
    """What receives images and joint states and tells that the policy is alive; not its inference."""


def prefer_thread(priority: Priority) -> str:
    """Give the calling thread, and all that it starts from now on, real-time priority, if that is permitted.

    Returns:
        What was got, in words, for the log.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return REFUSED
    return f"real-time priority {priority:d}"


def prefer_threads(priorities: Mapping[str, Priority]) -> str:
    """Give threads of this process real-time priority, if that is permitted.

    Args:
        priorities: Priority by thread name. Threads of other names are left alone.

    Returns:
        What was got, in words, for the log.

    Raises:
        ValueError: There is no thread of one of these names.
    """
    running = {thread.name: thread.native_id or 0 for thread in threading.enumerate()}
    for name in priorities:
        if name not in running:
            raise ValueError(f"no thread named {name!r} runs, there are: {', '.join(sorted(running))}")
    try:
        for name, priority in priorities.items():
            os.sched_setscheduler(running[name], os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return REFUSED
    return f"real-time scheduling of {', '.join(priorities)}"


def be_ordinary() -> None:
    """Give up the priority that this thread inherited from whoever started it."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
