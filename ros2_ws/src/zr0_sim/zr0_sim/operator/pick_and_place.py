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
OPENED = 0.15
"""A gripper less closed than this, of 1, is open."""
EMPTY = 0.92
"""A gripper more closed than this, of 1, holds nothing."""
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
SIDEWAYS_PHASES = frozenset({Phase.REACH, Phase.HOME})
"""Steps that first go up where the tool is low among the objects."""
UP = np.array([0.0, 0.0, 1.0])


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
    grasp_yaw = square_yaw(scene.item_yaw, scene.yaw)
    risen = np.array([scene.tool[0], scene.tool[1], TRAVEL_HEIGHT])
    over_target = np.array([scene.target[0], scene.target[1], TRAVEL_HEIGHT])
    position, yaw, speed = {
        Phase.REACH: (scene.item + HOVER_HEIGHT * UP, grasp_yaw, 1.0),
        Phase.DESCEND: (scene.item, grasp_yaw, 0.6),
        Phase.CLOSE: (scene.tool, scene.yaw, 0.5),
        Phase.LIFT: (risen, scene.yaw, 0.8),
        Phase.CARRY: (over_target, scene.yaw, 1.0),
        Phase.LOWER: (scene.target + RELEASE_HEIGHT * UP, scene.yaw, 0.6),
        Phase.OPEN: (scene.tool, scene.yaw, 0.5),
        Phase.RETREAT: (risen, scene.yaw, 1.0),
        Phase.HOME: (home, 0.0, 1.0),
    }[phase]
    if phase in SIDEWAYS_PHASES and scene.tool[2] < LOW and _sideways(scene.tool, position) > 0.02:
        position, yaw = np.array([scene.tool[0], scene.tool[1], LOW + 0.04]), scene.yaw
    return Goal(position=position, yaw=yaw, is_closed=phase in HOLDING_PHASES or phase is Phase.CLOSE, speed=speed)


def next_phase(phase: Phase, scene: Scene) -> Phase:
    """Return the step that follows from the scene; the same step where it is not finished."""
    if phase in HOLDING_PHASES and float(np.linalg.norm(scene.item - scene.tool)) > LOST_DISTANCE:
        return Phase.REACH
    if _is_finished(phase, scene):
        return _AFTER[phase]
    if phase is Phase.CLOSE and _has_closed(scene) and scene.closedness > EMPTY:
        return Phase.REACH
    if phase is Phase.HOME and _sideways(scene.item, scene.target) > PLACED_DISTANCE:
        return Phase.REACH
    if phase is Phase.REACH and _sideways(scene.item, scene.target) < PLACED_DISTANCE:
        return Phase.RETREAT
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
    finished: dict[Phase, bool] = {
        Phase.REACH: _has_reached(scene),
        Phase.DESCEND: float(np.linalg.norm(scene.tool - scene.item)) < 0.006,
        Phase.CLOSE: _has_closed(scene) and 0.12 < scene.closedness <= EMPTY,
        Phase.LIFT: float(scene.tool[2]) > TRAVEL_HEIGHT - 0.03,
        Phase.CARRY: _sideways(scene.tool, scene.target) < 0.01,
        Phase.LOWER: float(scene.tool[2] - scene.target[2]) < RELEASE_HEIGHT + 0.008,
        Phase.OPEN: scene.closedness < OPENED,
        Phase.RETREAT: float(scene.tool[2]) > TRAVEL_HEIGHT - 0.03,
        Phase.HOME: False,
    }
    return finished[phase]


def _has_reached(scene: Scene) -> bool:
    is_turned = abs(square_yaw(scene.item_yaw, scene.yaw) - scene.yaw) < 0.06
    is_above = _sideways(scene.tool, scene.item) < 0.008 and scene.tool[2] - scene.item[2] < HOVER_HEIGHT + 0.03
    return bool(is_turned and is_above and scene.closedness < OPENED)


def _has_closed(scene: Scene) -> bool:
    return scene.is_gripper_still and scene.time_in_phase > CLOSING_TIME


def square_yaw(item_yaw: float, near: float) -> float:
    """Return the turn, nearest to `near`, at which the fingers are square to a box turned by `item_yaw`, rad."""
    quarter = math.pi / 2.0
    return near + math.remainder(item_yaw - near, quarter)


def _sideways(first: FloatArray, second: FloatArray) -> float:
    return float(np.linalg.norm(first[:2] - second[:2]))
