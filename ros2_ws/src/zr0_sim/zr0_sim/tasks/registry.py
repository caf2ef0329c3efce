"""Tasks by name."""

import difflib
from collections.abc import Callable

from zr0_core.errors import Zr0Error

from zr0_sim.tasks.pick_place import PickPlace
from zr0_sim.tasks.task import Task

TASKS: dict[str, Callable[[], Task]] = {"pick_place": PickPlace}


def make_task(name: str) -> Task:
    """Build a task by name.

    Raises:
        Zr0Error: There is no task of that name.
    """
    if name not in TASKS:
        close = difflib.get_close_matches(name, TASKS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise Zr0Error(f"no task named {name!r}; {hint}available: {', '.join(sorted(TASKS))}")
    return TASKS[name]()
