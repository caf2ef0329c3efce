"""Kinematics: the manufacturer's published numbers, and laws that hold for every arm."""

import contextlib
import dataclasses
import math

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import KinematicsError
from zr0_core.kinematics import (
    SerialChain,
    pose_error,
    rotation_from_rpy,
    rotation_vector,
    rpy_from_rotation,
    transform_from,
)
from zr0_core.types import FloatArray

PI = math.pi
ARMS = ("xarm6_gripper", "xarm7_gripper")


def chain(name: str) -> SerialChain:
    """The arm with its gripper."""
    return Embodiment.load(name).chain


def flange(name: str) -> SerialChain:
    """The arm without a tool, as in the manufacturer's tables."""
    return dataclasses.replace(chain(name), tool_transform=np.eye(4))


def random_positions(arm: SerialChain, random: np.random.Generator) -> FloatArray:
    """Joint positions within the limits, and within half a turn, so that they are unique."""
    return random.uniform(np.maximum(arm.lower, -PI), np.minimum(arm.upper, PI))


@pytest.mark.parametrize(
    ("name", "positions", "millimetres"),
    [
        ("xarm6_gripper", [0.0] * 6, [207.0, 0.0, 112.0]),
        ("xarm7_gripper", [0.0] * 7, [206.0, 0.0, 120.5]),
        ("xarm6_gripper", [PI / 3, 0.0, 0.0, 0.0, 0.0, 0.0], [103.5, 179.267, 112.0]),
    ],
)
def test_forward_kinematics_gives_the_published_positions(
    name: str, positions: list[float], millimetres: list[float]
) -> None:
    pose = flange(name).forward(np.array(positions))
    np.testing.assert_allclose(pose[:3, 3] * 1000.0, millimetres, atol=1e-3)


def test_forward_kinematics_gives_the_published_orientation() -> None:
    # Published: roll -pi, pitch 0, yaw 1.0472; a roll of pi is the same turn.
    pose = flange("xarm6_gripper").forward(np.array([PI / 3, 0.0, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(pose[:3, :3], rotation_from_rpy(-PI, 0.0, 1.0472), atol=1e-5)


def test_inverse_kinematics_gives_the_published_solution() -> None:
    pose = transform_from(np.array([0.4, 0.0, 0.2]), np.array([PI, 0.0, 0.0]))
    positions = flange("xarm6_gripper").inverse(pose, np.zeros(6))
    np.testing.assert_allclose(positions, [0.0, 0.0818, -0.6412, 0.0, 0.5594, 0.0], atol=5e-5)


def test_the_gripper_reaches_172_millimetres_beyond_the_flange() -> None:
    positions = np.array([0.3, -0.2, 0.1, 0.8, 0.2, 1.0, -0.4])
    bare, tool = flange("xarm7_gripper").forward(positions), chain("xarm7_gripper").forward(positions)
    np.testing.assert_allclose(tool[:3, 3], bare[:3, 3] + 0.172 * bare[:3, 2], atol=1e-12)
    np.testing.assert_allclose(tool[:3, :3], bare[:3, :3], atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_turning_the_first_joint_turns_the_tool_about_the_base(name: str) -> None:
    arm, random = chain(name), np.random.default_rng(2)
    for _ in range(20):
        positions = random_positions(arm, random)
        angle = float(random.uniform(-1.0, 1.0))
        turned = positions + angle * np.eye(len(positions))[0]
        expected = transform_from(np.zeros(3), np.array([0.0, 0.0, angle])) @ arm.forward(positions)
        np.testing.assert_allclose(arm.forward(turned), expected, atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_the_jacobian_equals_finite_differences(name: str) -> None:
    arm, random, step = chain(name), np.random.default_rng(3), 1e-6
    for _ in range(20):
        positions = random_positions(arm, random)
        jacobian = arm.jacobian(arm.joint_frames(positions))
        assert jacobian.shape == (6, len(positions))
        for joint in range(len(positions)):
            shift = step * np.eye(len(positions))[joint]
            twist = pose_error(arm.forward(positions + shift), arm.forward(positions - shift)) / (2 * step)
            np.testing.assert_allclose(jacobian[:, joint], twist, atol=1e-7)


@pytest.mark.parametrize("name", ARMS)
def test_inverse_kinematics_reaches_every_near_pose(name: str) -> None:
    arm, random = chain(name), np.random.default_rng(4)
    home = Embodiment.load(name).home
    for _ in range(100):
        target = np.clip(home + random.uniform(-0.3, 0.3, len(home)), arm.lower, arm.upper)
        pose = arm.forward(target)
        found = arm.inverse(pose, home)
        assert np.linalg.norm(pose_error(pose, arm.forward(found))) < 1e-6
        assert (arm.lower <= found).all()
        assert (found <= arm.upper).all()


@pytest.mark.parametrize(("name", "num_least"), [("xarm6_gripper", 195), ("xarm7_gripper", 185)])
def test_inverse_kinematics_reaches_most_far_poses(name: str, num_least: int) -> None:
    # The search is local, so some far poses fail; long steps past the linear range would lose one in five.
    arm, random = chain(name), np.random.default_rng(7)
    home = Embodiment.load(name).home
    num_solved = 0
    for _ in range(200):
        target = np.clip(home + random.uniform(-1.2, 1.2, len(home)), arm.lower, arm.upper)
        with contextlib.suppress(KinematicsError):
            arm.inverse(arm.forward(target), home)
            num_solved += 1
    assert num_solved >= num_least


def test_the_seed_itself_is_returned_where_it_is_the_solution() -> None:
    arm = chain("xarm7_gripper")
    home = Embodiment.load("xarm7_gripper").home
    np.testing.assert_array_equal(arm.inverse(arm.forward(home), home), home)


def test_a_pose_out_of_reach_is_refused() -> None:
    pose = transform_from(np.array([2.0, 0.0, 0.3]), np.array([PI, 0.0, 0.0]))
    with pytest.raises(KinematicsError, match=r"reach tool position \(2.000, 0.000, 0.300\) m in the base frame: \d+"):
        chain("xarm7_gripper").inverse(pose, np.zeros(7))


def test_fixed_axis_angles_turn_about_x_then_y_then_z() -> None:
    roll, pitch, yaw = 0.3, -0.7, 1.9
    x = rotation_from_rpy(roll, 0.0, 0.0)
    y = rotation_from_rpy(0.0, pitch, 0.0)
    z = rotation_from_rpy(0.0, 0.0, yaw)
    np.testing.assert_allclose(x @ [0, 1, 0], [0, math.cos(roll), math.sin(roll)], atol=1e-12)
    np.testing.assert_allclose(y @ [0, 0, 1], [math.sin(pitch), 0, math.cos(pitch)], atol=1e-12)
    np.testing.assert_allclose(z @ [1, 0, 0], [math.cos(yaw), math.sin(yaw), 0], atol=1e-12)
    np.testing.assert_allclose(rotation_from_rpy(roll, pitch, yaw), z @ y @ x, atol=1e-12)


def test_angles_and_back_are_the_same_rotation() -> None:
    random = np.random.default_rng(6)
    for _ in range(200):
        rotation = rotation_from_rpy(*random.uniform(-PI, PI, 3).tolist())
        np.testing.assert_allclose(rotation_from_rpy(*rpy_from_rotation(rotation).tolist()), rotation, atol=1e-9)


@pytest.mark.parametrize("pitch", [PI / 2, -PI / 2])
def test_upright_pitch_takes_roll_as_zero(pitch: float) -> None:
    rotation = rotation_from_rpy(0.4, pitch, 0.9)
    angles = rpy_from_rotation(rotation)
    assert angles[0] == 0.0
    assert angles[1] == pytest.approx(pitch, abs=1e-7)
    np.testing.assert_allclose(rotation_from_rpy(*angles.tolist()), rotation, atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-6, 0.5, PI - 1e-6, PI])
def test_a_rotation_vector_is_axis_times_angle(angle: float) -> None:
    for axis in (np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.6, -0.8]), np.array([-1.0, 2.0, 2.0]) / 3.0):
        skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        # Rodrigues' formula.
        rotation = np.eye(3) + math.sin(angle) * skew + (1.0 - math.cos(angle)) * skew @ skew
        found = rotation_vector(rotation)
        if angle == PI:  # Half a turn either way is the same.
            found *= np.sign(found @ axis)
        np.testing.assert_allclose(found, axis * angle, atol=1e-8)
