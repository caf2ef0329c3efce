"""What a task is: objects, a seeded set-up with an instruction, and a progress rubric."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from zr0_core.types import FloatArray

from zr0_sim.world.objects import SceneObject
from zr0_sim.world.table_view import TableState


@dataclass(frozen=True, kw_only=True)
class TaskSetup:
    """One way in which a task begins. The same seed gives the same set-up."""

    seed: int
    """What it was drawn from."""
    instruction: str
    """What the robot is asked to do, in words."""
    poses: Mapping[str, FloatArray]
    """Where every object of the task starts: (x, y, z, qw, qx, qy, qz), m, base frame."""
    roles: Mapping[str, str]
    """Which object plays which part in this set-up, such as `item` and `target`."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How far a task has come."""

    progress: float
    """By the task's rubric, 0 to 100."""
    is_success: bool
    """Whether the task is complete."""


class Task(Protocol):
    """A task on the table. Stateless: all that varies is in the set-up and in the table's state."""

    @property
    def name(self) -> str:
        """Unique name."""

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        """All that lies on the table; the same for every seed."""

    def set_up(self, seed: int) -> TaskSetup:
        """Draw a beginning from a seed."""

    def judge(self, setup: TaskSetup, state: TableState) -> Judgement:
        """Judge one moment by the rubric. An episode keeps the best."""
