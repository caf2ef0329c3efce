import dataclasses

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray
from zr0_sim.box.arm_model import (
    ArmModel,
    axis_angle_pose_from_transform,
    inverse_transform,
    pose_from_transform,
    rotation_from_vector,
    transform_from_axis_angle_pose,
    transform_from_pose,
)
from zr0_sim.box.codes import ErrorCode, MotionFaultError

SIX = ArmModel.of(Embodiment.load("xarm6_gripper"))
SEVEN = ArmModel.of(Embodiment.load("xarm7_gripper"))


def same_pose(first: FloatArray, second: FloatArray) -> bool:
    """Compare poses (6,), mm and rad, to 4 digits of a metre and of a radian, whatever their roll, pitch and yaw."""
    return np.allclose(transform_from_pose(first), transform_from_pose(second), atol=5e-5)


def test_published_zero_poses() -> None:
    assert same_pose(pose_from_transform(SIX.flange.forward(np.zeros(6))), np.array([207, 0, 112, np.pi, 0, 0]))
    assert same_pose(pose_from_transform(SEVEN.flange.forward(np.zeros(7))), np.array([206, 0, 120.5, np.pi, 0, 0]))


def test_published_forward_vector() -> None:
    pose = pose_from_transform(SIX.flange.forward(np.array([np.pi / 3, 0, 0, 0, 0, 0])))
    assert pose[:3] == pytest.approx([103.5, 179.267, 112.0], abs=5e-4)
    assert same_pose(pose, np.array([103.5, 179.267, 112.0, -np.pi, 0, 1.0472]))


def test_published_inverse_vector() -> None:
    pose = transform_from_pose(np.array([400, 0, 200, np.pi, 0, 0]))
    assert SIX.solve_anew(pose, np.zeros(6)) == pytest.approx([0, 0.0818, -0.6412, 0, 0.5594, 0], abs=5e-5)


@pytest.mark.parametrize("model", [SIX, SEVEN])
def test_solutions_reach_their_pose_within_limits(model: ArmModel) -> None:
    random = np.random.default_rng(3)
    span = model.flange.upper - model.flange.lower
    for _ in range(20):
        positions = model.flange.lower + span * random.uniform(0.3, 0.7, model.num_joints)
        pose = model.flange.forward(positions)
        found = model.solve_anew(pose, positions + random.uniform(-0.3, 0.3, model.num_joints))
        assert model.flange.forward(found) == pytest.approx(pose, abs=2e-6)
        assert model.is_within_limits(found)


def test_pose_out_of_reach_is_a_kinematics_error() -> None:
    with pytest.raises(MotionFaultError, match="no joint positions within limits") as caught:
        SEVEN.solve_anew(transform_from_pose(np.array([2000, 0, 200, np.pi, 0, 0])), np.zeros(7))
    assert caught.value.code is ErrorCode.KINEMATICS


def test_limit_error_names_every_joint_outside() -> None:
    positions = np.zeros(7)
    positions[1], positions[3] = 2.2, -0.5
    with pytest.raises(MotionFaultError, match=r"joint 2 at 2\.2000 .*; joint 4 at -0\.5000") as caught:
        SEVEN.check_limits(positions)
    assert caught.value.code is ErrorCode.JOINT_LIMIT


def test_limits_allow_what_the_sdk_allows() -> None:
    positions = np.zeros(7)
    positions[1] = 2.094395 + np.radians(0.09)
    SEVEN.check_limits(positions)
    positions[1] = 2.094395 + np.radians(0.11)
    assert not SEVEN.is_within_limits(positions)


def test_identity() -> None:
    assert SIX.version("v2.7.1") == "6,6,XI1300,AC1300,v2.7.1"
    assert SEVEN.version("v2.7.1") == "7,7,XI1300,AC1300,v2.7.1"
    assert SEVEN.serial_number[2:6] == "1300"


def test_five_joints_are_refused() -> None:
    embodiment = Embodiment.load("xarm6_gripper")
    short = embodiment.arm.joints[:5]
    five = dataclasses.replace(
        embodiment,
        arm=dataclasses.replace(embodiment.arm, joints=short, home=embodiment.arm.home[:5]),
        state=dataclasses.replace(embodiment.state, names=tuple(joint.name for joint in short)),
        action=dataclasses.replace(
            embodiment.action, names=(*(joint.name for joint in short), embodiment.gripper.joint)
        ),
    )
    with pytest.raises(ValueError, match="6 or 7 joints, got 5"):
        ArmModel.of(five)


def test_pose_conversions_are_inverse() -> None:
    pose = np.array([100.0, -200.0, 300.0, 0.3, -0.4, 2.0])
    transform = transform_from_pose(pose)
    assert pose_from_transform(transform) == pytest.approx(pose)
    assert transform_from_axis_angle_pose(axis_angle_pose_from_transform(transform)) == pytest.approx(transform)
    assert inverse_transform(transform) @ transform == pytest.approx(np.eye(4))


def test_rotation_vector_of_a_quarter_turn() -> None:
    expected = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    assert rotation_from_vector(np.array([0, 0, np.pi / 2])) == pytest.approx(np.array(expected, dtype=float))
    assert rotation_from_vector(np.zeros(3)) == pytest.approx(np.eye(3))
