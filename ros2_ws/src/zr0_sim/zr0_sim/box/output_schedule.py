"""Outputs that change later, or when the tool gets somewhere."""

from collections.abc import Callable

import numpy as np
from zr0_core.types import FloatArray


class OutputSchedule:
    """Actions that wait for a time or a place; each happens once."""

    def __init__(self) -> None:
        self._by_time: list[tuple[float, Callable[[], None]]] = []
        self._by_place: list[tuple[FloatArray, float, Callable[[], None]]] = []

    def at_time(self, time: float, action: Callable[[], None]) -> None:
        """Do something at a time of the box, s."""
        self._by_time.append((time, action))

    def at_place(self, point: FloatArray, tolerance: float, action: Callable[[], None]) -> None:
        """Do something when the tool comes within `tolerance`, mm, of a point (3,), mm."""
        self._by_place.append((point, tolerance, action))

    def tick(self, now: float, tool_pose: Callable[[], FloatArray]) -> None:
        """Do what is due. `tool_pose` returns the pose (6,), mm and rad, and is called only when it matters."""
        for time, action in [entry for entry in self._by_time if entry[0] <= now]:
            action()
            self._by_time.remove((time, action))
        if not self._by_place:
            return
        position = tool_pose()[:3]
        reached = [np.linalg.norm(position - point) <= tolerance for point, tolerance, _ in self._by_place]
        for (_, _, action), is_reached in zip(self._by_place, reached, strict=True):
            if is_reached:
                action()
        self._by_place = [entry for entry, done in zip(self._by_place, reached, strict=True) if not done]
