from collections.abc import Mapping

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray
from zr0_sim.tasks.pick_place import PickPlace
from zr0_sim.tasks.task import Judgement, TaskSetup
from zr0_sim.world.table_view import TableState

TASK = PickPlace()
WORKSPACE = Embodiment.load("xarm7_gripper").arm.workspace


def judge(setup: TaskSetup, objects: Mapping[str, FloatArray], tool: tuple[float, float, float]) -> Judgement:
    pose = np.eye(4)
    pose[:3, 3] = tool
    return TASK.judge(setup, TableState(time=0.0, pose_base_tool=pose, finger_gap=0.04, objects=objects))


def scene(seed: int = 0) -> tuple[TaskSetup, dict[str, FloatArray], FloatArray]:
    """Return a set-up, its poses, and the bin's pose."""
    setup = TASK.set_up(seed)
    poses = {name: pose.copy() for name, pose in setup.poses.items()}
    return setup, poses, poses["blue_bin"]


def at(x: float, y: float, z: float) -> FloatArray:
    return np.array([x, y, z, 1.0, 0.0, 0.0, 0.0])


def test_the_same_seed_gives_the_same_set_up_and_another_a_different_one() -> None:
    first, again, other = TASK.set_up(7), TASK.set_up(7), TASK.set_up(8)
    assert first.instruction == again.instruction
    for name, pose in first.poses.items():
        np.testing.assert_array_equal(pose, again.poses[name])
        assert not np.allclose(pose, other.poses[name])


def test_every_colour_and_both_sides_are_asked_for() -> None:
    setups = [TASK.set_up(seed) for seed in range(60)]
    assert {setup.instruction for setup in setups} == {
        "Put the red cube into the blue bin.",
        "Put the green cube into the blue bin.",
        "Put the yellow cube into the blue bin.",
    }
    assert {np.sign(setup.poses["blue_bin"][1]) for setup in setups} == {-1.0, 1.0}


def test_everything_lies_in_the_workspace_and_clear_of_the_rest() -> None:
    for seed in range(200):
        poses = TASK.set_up(seed).poses
        for pose in poses.values():
            assert WORKSPACE.lower[0] < pose[0] < WORKSPACE.upper[0]
            assert WORKSPACE.lower[1] < pose[1] < WORKSPACE.upper[1]
            assert np.linalg.norm(pose[3:]) == pytest.approx(1.0)
        cubes = [pose[:2] for name, pose in poses.items() if name.endswith("cube")]
        for index, cube in enumerate(cubes):
            assert np.linalg.norm(cube - poses["blue_bin"][:2]) >= 0.185
            for other in cubes[index + 1 :]:
                assert np.linalg.norm(cube - other) >= 0.12


def test_the_rubric_step_by_step() -> None:
    setup, poses, target = scene()
    item = setup.roles["item"]
    x, y = target[:2]
    start = tuple(poses[item][:3])
    assert judge(setup, poses, (start[0], start[1], 0.52)).progress == 0.0
    assert judge(setup, poses, (start[0], start[1], 0.27)).progress == pytest.approx(10.0)
    assert judge(setup, poses, start).progress == 20.0
    poses[item] = at(x, y - 0.25, 0.1)
    assert judge(setup, poses, (x, y - 0.25, 0.1)).progress == pytest.approx(55.0)
    poses[item] = at(x, y, 0.2)
    assert judge(setup, poses, (x, y, 0.2)) == Judgement(progress=70.0, is_success=False)
    poses[item] = at(x, y, 0.026)
    assert judge(setup, poses, (x, y, 0.03)) == Judgement(progress=90.0, is_success=False)
    assert judge(setup, poses, (x, y, 0.1)) == Judgement(progress=100.0, is_success=True)


def test_a_cube_beside_or_on_the_rim_of_the_bin_is_not_in_it() -> None:
    setup, poses, target = scene()
    item = setup.roles["item"]
    yaw = 2.0 * np.arctan2(target[6], target[3])
    for along, height in ((0.10, 0.02), (0.0, 0.06), (0.083, 0.056)):
        poses[item] = at(target[0] + along * np.cos(yaw), target[1] + along * np.sin(yaw), height)
        assert not judge(setup, poses, (0.3, 0.0, 0.4)).is_success


def test_a_distractor_in_the_bin_is_no_success() -> None:
    setup, poses, target = scene()
    other = next(name for name in poses if name.endswith("cube") and name != setup.roles["item"])
    poses[other] = at(target[0], target[1], 0.026)
    assert judge(setup, poses, (target[0], target[1], 0.3)).progress < 20.0
