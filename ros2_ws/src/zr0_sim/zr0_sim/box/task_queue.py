"""The queue of planned motions (mode 0), and telling clients how their commands went on."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import ArmModel
from zr0_sim.box.chase import brake
from zr0_sim.box.codes import FeedbackCode, FeedbackType
from zr0_sim.box.framing import Request
from zr0_sim.box.paths import Path

CAPACITY = 2048
"""Commands that the queue holds."""
PAUSE_RAMP = 0.25
"""Time, s, in which a pause brings full speed down to standstill, along the path."""

Notify = Callable[["Task", FeedbackType, FeedbackCode], None]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One queued command."""

    number: int
    """Counts all tasks."""
    request: Request
    """The command as received."""
    send: Callable[[bytes], None]
    """Sends a frame to the client that gave the command; callable from any thread."""
    feedback: FeedbackType
    """Events that this client asked to be told about."""
    plan: Callable[[FloatArray], Path] | None
    """Builds the motion from the setpoint (N,), rad, at which it begins; None for a command without motion."""
    trigger: Callable[[], None] | None = None
    """What a command without motion does when its turn comes."""

    @property
    def end(self) -> FeedbackType:
        """The event that ends the task."""
        return FeedbackType.TRIGGER if self.trigger else FeedbackType.MOTION_FINISH


class TaskQueue:
    """Executes tasks one after the other, each from rest to rest.

    Args:
        model: The arm.
        notify: Called with every event of a task.
    """

    def __init__(self, model: ArmModel, notify: Notify) -> None:
        self._model = model
        self._notify = notify
        self._waiting: deque[Task] = deque()
        self._current: tuple[Task, Path] | None = None
        self._time = 0.0
        self._rate = 1.0
        self.is_paused = False
        """Set to bring the motion to rest on its path, and cleared to go on."""

    def __len__(self) -> int:
        return len(self._waiting) + (self._current is not None)

    @property
    def is_full(self) -> bool:
        """Tell whether no further task fits."""
        return len(self) >= CAPACITY

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing moves and nothing waits, or a pause has come to rest."""
        return len(self) == 0 or (self.is_paused and self._rate == 0.0)

    def push(self, task: Task) -> None:
        """Append a task."""
        self._waiting.append(task)

    def clear(self) -> None:
        """Discard everything, telling the clients."""
        tasks = [*([self._current[0]] if self._current else []), *self._waiting]
        self._waiting.clear()
        self._current = None
        self.is_paused = False
        self._rate = 1.0
        for task in tasks:
            self._notify(task, task.end, FeedbackCode.DISCARDED)

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Return the next setpoint (N,), rad.

        Raises:
            MotionFaultError: The current motion cannot be planned or followed.
        """
        change = dt / PAUSE_RAMP
        self._rate = max(0.0, self._rate - change) if self.is_paused else min(1.0, self._rate + change)
        if self._current is None:
            if velocities.any():
                return positions + brake(velocities, self._model.max_acceleration, dt) * dt
            if self.is_paused or not self._begin_next(positions):
                return positions
        if self._current is None:
            return positions
        task, path = self._current
        self._time += self._rate * dt
        following = path.positions(self._time, positions)
        if self._time >= path.duration:
            self._current = None
            self._notify(task, FeedbackType.MOTION_FINISH, FeedbackCode.SUCCESS)
        return following

    def _begin_next(self, positions: FloatArray) -> bool:
        """Begin the next task with a motion; the ones without are done on the way."""
        while self._waiting:
            task = self._waiting[0]
            path = task.plan(np.array(positions)) if task.plan else None
            self._waiting.popleft()
            if task.trigger:
                task.trigger()
            if path is None:
                self._notify(task, task.end, FeedbackCode.SUCCESS)
                continue
            self._notify(task, FeedbackType.MOTION_START, FeedbackCode.SUCCESS)
            self._current, self._time = (task, path), 0.0
            return True
        return False
