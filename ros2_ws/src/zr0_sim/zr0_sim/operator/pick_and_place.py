"""The steps of picking an item up and putting it down, decided afresh from what is seen or foreseen."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from zr0_core.types import FloatArray

HOVER_HEIGHT = 0.10
"""Of the tool above the item before it descends, m."""
TRAVEL_HEIGHT = 0.20
"""Of the tool above the table while it carries, m."""
RELEASE_HEIGHT = 0.056
"""Of the tool above the target's origin when it lets go, m."""
LOW = 0.10
"""Below this height the tool does not move sideways, m."""
CLOSING_TIME = 0.5
"""Least time that the gripper gets to close, s."""
LOST_DISTANCE = 0.05
"""An item this far from the tool is not held, m."""
PLACED_DISTANCE = 0.08
"""An item this close to the target's middle, seen from above, is in place, m."""


class Phase(Enum):
    """One step of the errand."""

    REACH = "reach above the item"
    DESCEND = "descend to the item"
    CLOSE = "close the gripper"
    LIFT = "lift the item"
    CARRY = "carry the item above the target"
    LOWER = "lower the item"
    OPEN = "open the gripper"
    RETREAT = "rise from the target"
    HOME = "return home"


HOLDING_PHASES = frozenset({Phase.LIFT, Phase.CARRY, Phase.LOWER})


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What decides the next step."""

    tool: FloatArray
    """Tool centre point (3,), m."""
    yaw: float
    """Turn of the tool, rad."""
    closedness: float
    """Gripper drive: 0 open, 1 closed."""
    is_gripper_still: bool
    """Whether the drive has stopped moving."""
    item: FloatArray
    """Middle of the item (3,), m."""
    item_yaw: float
    """Turn of the item's sides, rad."""
    target: FloatArray
    """Origin of the target (3,), m."""
    time_in_phase: float
    """s."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a step works towards."""

    position: FloatArray
    """Tool centre point (3,), m."""
    yaw: float
    """Turn of the tool, rad."""
    is_closed: bool
    """Whether the gripper is to be closed."""
    speed: float
    """Share of the full speed."""


def goal_of(phase: Phase, scene: Scene, home: FloatArray) -> Goal:
    """Return what a step works towards.

    Args:
        phase: The step.
        scene: What is seen or foreseen.
        home: Rest position of the tool, (3,), m.
    """
    above = np.array([0.0, 0.0, 1.0])
    over_target = np.array([scene.target[0], scene.target[1], TRAVEL_HEIGHT])
    grasp_yaw = square_yaw(scene.item_yaw, scene.yaw)
    if phase is Phase.REACH:
        return _risen_first(scene, Goal(position=scene.item + HOVER_HEIGHT * above, yaw=grasp_yaw, is_closed=False, speed=1.0))
    if phase is Phase.DESCEND:
        return Goal(position=scene.item, yaw=grasp_yaw, is_closed=False, speed=0.6)
    if phase is Phase.CLOSE:
        return Goal(position=scene.tool, yaw=scene.yaw, is_closed=True, speed=0.5)
    if phase is Phase.LIFT:
        position = np.array([scene.tool[0], scene.tool[1], TRAVEL_HEIGHT])
        return Goal(position=position, yaw=scene.yaw, is_closed=True, speed=0.8)
    if phase is Phase.CARRY:
        return Goal(position=over_target, yaw=scene.yaw, is_closed=True, speed=1.0)
    if phase is Phase.LOWER:
        return Goal(position=scene.target + RELEASE_HEIGHT * above, yaw=scene.yaw, is_closed=True, speed=0.6)
    if phase is Phase.OPEN:
        return Goal(position=scene.tool, yaw=scene.yaw, is_closed=False, speed=0.5)
    if phase is Phase.RETREAT:
        position = np.array([scene.tool[0], scene.tool[1], TRAVEL_HEIGHT])
        return Goal(position=position, yaw=scene.yaw, is_closed=False, speed=1.0)
    return _risen_first(scene, Goal(position=home, yaw=0.0, is_closed=False, speed=1.0))


def next_phase(phase: Phase, scene: Scene) -> Phase:
    """Return the step that follows from the scene; the same step where it is not finished."""
    if phase in HOLDING_PHASES and float(np.linalg.norm(scene.item - scene.tool)) > LOST_DISTANCE:
        return Phase.REACH
    if _is_finished(phase, scene):
        return _AFTER[phase]
    if phase is Phase.CLOSE and scene.is_gripper_still and scene.time_in_phase > CLOSING_TIME and scene.closedness > 0.92:
        return Phase.REACH
    if phase is Phase.HOME and _sideways(scene.item, scene.target) > PLACED_DISTANCE:
        return Phase.REACH
    return phase


_AFTER = {
    Phase.REACH: Phase.DESCEND,
    Phase.DESCEND: Phase.CLOSE,
    Phase.CLOSE: Phase.LIFT,
    Phase.LIFT: Phase.CARRY,
    Phase.CARRY: Phase.LOWER,
    Phase.LOWER: Phase.OPEN,
    Phase.OPEN: Phase.RETREAT,
    Phase.RETREAT: Phase.HOME,
}


def _is_finished(phase: Phase, scene: Scene) -> bool:
    if phase is Phase.REACH:
        is_turned = abs(square_yaw(scene.item_yaw, scene.yaw) - scene.yaw) < 0.06
        is_above = _sideways(scene.tool, scene.item) < 0.008 and scene.tool[2] - scene.item[2] < HOVER_HEIGHT + 0.03
        return is_turned and is_above and scene.closedness < 0.15
    if phase is Phase.DESCEND:
        return float(np.linalg.norm(scene.tool - scene.item)) < 0.006
    if phase is Phase.CLOSE:
        is_closed_on = 0.12 < scene.closedness <= 0.92
        return is_closed_on and scene.is_gripper_still and scene.time_in_phase > CLOSING_TIME
    if phase is Phase.CARRY:
        return _sideways(scene.tool, scene.target) < 0.01
    if phase is Phase.LOWER:
        return float(scene.tool[2] - scene.target[2]) < RELEASE_HEIGHT + 0.008
    if phase is Phase.OPEN:
        return scene.closedness < 0.15
    if phase in (Phase.LIFT, Phase.RETREAT):
        return float(scene.tool[2]) > TRAVEL_HEIGHT - 0.03
    return False


def square_yaw(item_yaw: float, near: float) -> float:
    """Return the turn, nearest to `near`, at which the fingers are square to a box turned by `item_yaw`, rad."""
    quarter = math.pi / 2.0
    return near + math.remainder(item_yaw - near, quarter)


def _risen_first(scene: Scene, goal: Goal) -> Goal:
    """Go up before going sideways where the tool is low among the objects."""
    if scene.tool[2] < LOW and _sideways(scene.tool, goal.position) > 0.02:
        position = np.array([scene.tool[0], scene.tool[1], LOW + 0.04])
        return Goal(position=position, yaw=scene.yaw, is_closed=goal.is_closed, speed=goal.speed)
    return goal


def _sideways(first: FloatArray, second: FloatArray) -> float:
    return float(np.linalg.norm(first[:2] - second[:2]))
