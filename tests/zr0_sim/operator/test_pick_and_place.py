import dataclasses
import math

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_sim.operator.pick_and_place import HOVER_HEIGHT, TRAVEL_HEIGHT, Phase, Scene, goal_of, next_phase, square_yaw

HOME = np.array([0.3, 0.0, 0.3])
ITEM = np.array([0.4, 0.1, 0.02])
TARGET = np.array([0.4, -0.2, 0.0])
IN_TARGET = np.array([0.43, -0.2, 0.02])
SCENE = Scene(
    tool=HOME,
    yaw=0.0,
    closedness=0.0,
    is_gripper_still=True,
    item=ITEM,
    item_yaw=0.2,
    target=TARGET,
    time_in_phase=0.0,
)


def scene(**changes: object) -> Scene:
    return dataclasses.replace(SCENE, **changes)  # type: ignore[arg-type]


def above(point: FloatArray, height: float) -> FloatArray:
    return np.asarray(point + np.array([0.0, 0.0, height]))


HOLDING = scene(tool=ITEM, yaw=0.2, closedness=0.5, time_in_phase=1.0)


@pytest.mark.parametrize(
    ("phase", "seen", "expected"),
    [
        (Phase.REACH, scene(), Phase.REACH),
        (Phase.REACH, scene(tool=above(ITEM, HOVER_HEIGHT), yaw=0.2), Phase.DESCEND),
        (Phase.REACH, scene(tool=above(ITEM, HOVER_HEIGHT), yaw=0.0), Phase.REACH),
        (Phase.REACH, scene(tool=above(ITEM, HOVER_HEIGHT), yaw=0.2, closedness=0.5), Phase.REACH),
        (Phase.REACH, scene(item=IN_TARGET), Phase.RETREAT),
        (Phase.DESCEND, scene(tool=above(ITEM, 0.01)), Phase.DESCEND),
        (Phase.DESCEND, scene(tool=above(ITEM, 0.005)), Phase.CLOSE),
        (Phase.CLOSE, HOLDING, Phase.LIFT),
        (Phase.CLOSE, dataclasses.replace(HOLDING, is_gripper_still=False), Phase.CLOSE),
        (Phase.CLOSE, dataclasses.replace(HOLDING, time_in_phase=0.3), Phase.CLOSE),
        (Phase.CLOSE, dataclasses.replace(HOLDING, closedness=0.02), Phase.CLOSE),
        (Phase.CLOSE, dataclasses.replace(HOLDING, closedness=1.0), Phase.REACH),
        (Phase.LIFT, HOLDING, Phase.LIFT),
        (Phase.LIFT, dataclasses.replace(HOLDING, tool=above(ITEM, 0.2)), Phase.REACH),
        (Phase.LIFT, dataclasses.replace(HOLDING, tool=above(ITEM, 0.18), item=above(ITEM, 0.18)), Phase.CARRY),
        (Phase.CARRY, dataclasses.replace(HOLDING, tool=above(TARGET, 0.2), item=above(TARGET, 0.2)), Phase.LOWER),
        (Phase.LOWER, dataclasses.replace(HOLDING, tool=above(TARGET, 0.06), item=above(TARGET, 0.06)), Phase.OPEN),
        (Phase.OPEN, scene(closedness=0.5), Phase.OPEN),
        (Phase.OPEN, scene(closedness=0.1), Phase.RETREAT),
        (Phase.RETREAT, scene(tool=above(TARGET, 0.19)), Phase.HOME),
        (Phase.HOME, scene(item=IN_TARGET), Phase.HOME),
        (Phase.HOME, scene(), Phase.REACH),
    ],
)
def test_the_next_step_follows_from_the_scene(phase: Phase, seen: Scene, expected: Phase) -> None:
    assert next_phase(phase, seen) is expected


def test_the_gripper_is_closed_from_the_grasp_to_the_target() -> None:
    closed = {phase for phase in Phase if goal_of(phase, SCENE, HOME).is_closed}
    assert closed == {Phase.CLOSE, Phase.LIFT, Phase.CARRY, Phase.LOWER}


def test_a_low_tool_rises_before_it_goes_sideways() -> None:
    low = scene(tool=np.array([0.3, -0.1, 0.03]))
    for phase in (Phase.REACH, Phase.HOME):
        goal = goal_of(phase, low, HOME)
        np.testing.assert_allclose(goal.position[:2], low.tool[:2])
        assert goal.position[2] > 0.1


def test_goals_are_where_the_objects_are() -> None:
    np.testing.assert_allclose(goal_of(Phase.REACH, SCENE, HOME).position, above(ITEM, HOVER_HEIGHT))
    np.testing.assert_allclose(goal_of(Phase.DESCEND, SCENE, HOME).position, ITEM)
    np.testing.assert_allclose(goal_of(Phase.CARRY, SCENE, HOME).position, [*TARGET[:2], TRAVEL_HEIGHT])
    np.testing.assert_allclose(goal_of(Phase.HOME, SCENE, HOME).position, HOME)


@pytest.mark.parametrize(
    ("item", "near", "expected"), [(0.2, 0.0, 0.2), (1.4, 0.0, 1.4 - math.pi / 2), (0.2, 1.6, 0.2 + math.pi / 2)]
)
def test_fingers_turn_to_the_nearest_side(item: float, near: float, expected: float) -> None:
    assert square_yaw(item, near) == pytest.approx(expected)
