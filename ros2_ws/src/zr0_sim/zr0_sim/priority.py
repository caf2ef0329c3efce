"""Ask the operating system to let the control box run on time."""

import os

PROCESS_NICENESS = -5
TICK_PRIORITY = 20


def prefer_process() -> str:
    """Raise the priority of this process, as far as allowed; return what was got, for the log."""
    try:
        os.nice(PROCESS_NICENESS)
    except PermissionError:
        return "normal priority (raising it is not permitted)"
    return f"niceness {PROCESS_NICENESS}"


def prefer_thread() -> str:
    """Give the calling thread real-time priority where permitted; return what was got, for the log."""
    if not hasattr(os, "sched_setscheduler"):
        return "normal scheduling (no real-time scheduling on this system)"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(TICK_PRIORITY))
    except PermissionError:
        return "normal scheduling (real-time scheduling is not permitted)"
    return f"real-time scheduling, SCHED_FIFO {TICK_PRIORITY}"
