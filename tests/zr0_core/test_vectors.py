"""State vectors by component name, and poses as nine components."""

import dataclasses
import math

import numpy as np
import pytest
from zr0_core.embodiment import POSE_NAMES, Embodiment
from zr0_core.errors import ChunkRefusedError
from zr0_core.kinematics import transform_from
from zr0_core.vectors import pose_components, pose_from_components, state_vector

JOINTS = Embodiment.load("xarm7_gripper")
POSES = Embodiment.load("xarm7_gripper_pose")
MEASURED = np.array([0.1, -0.4, 0.2, 0.9, -0.1, 1.3, 0.3, 0.5])


def test_a_joint_state_vector_is_the_measurement() -> None:
    np.testing.assert_array_equal(state_vector(JOINTS, MEASURED), MEASURED)


def test_components_follow_the_declared_order() -> None:
    names = ("drive_joint", "z", "joint3")
    embodiment = dataclasses.replace(POSES, state=dataclasses.replace(POSES.state, names=names))
    height = embodiment.chain.forward(MEASURED[:7])[2, 3]
    assert state_vector(embodiment, MEASURED).tolist() == [0.5, height, 0.2]


def test_a_pose_state_vector_at_zero_is_the_published_zero_pose() -> None:
    # UFACTORY: the xArm7 flange at zero is at (206, 0, 120.5) mm, pointing down; the gripper reaches 172 mm further.
    state = state_vector(POSES, np.array([0.0] * 7 + [0.85]))
    expected = [0.206, 0.0, 0.1205 - 0.172, 0.0, -1.0, 0.0, 1.0, 0.0, 1.0, 0.85]
    np.testing.assert_allclose(state, expected, atol=1e-6)


def test_a_measurement_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        state_vector(JOINTS, MEASURED[:-1])


def test_components_are_position_then_sine_and_cosine_of_each_angle() -> None:
    pose = transform_from(np.array([0.3, -0.1, 0.2]), np.array([math.pi / 2, math.pi / 6, -math.pi / 3]))
    half, root = 0.5, math.sqrt(3.0) / 2.0
    expected = dict(zip(POSE_NAMES, [0.3, -0.1, 0.2, 1.0, 0.0, half, root, -root, half], strict=True))
    got = dict(zip(POSE_NAMES, pose_components(pose).tolist(), strict=True))
    assert got == pytest.approx(expected, abs=1e-12)


def test_components_and_back_is_the_same_pose() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        pose = transform_from(random.uniform(-1, 1, 3), random.uniform(-math.pi, math.pi, 3))
        np.testing.assert_allclose(pose_from_components(pose_components(pose)), pose, atol=1e-9)


def test_a_pair_beside_the_unit_circle_keeps_its_angle() -> None:
    pose = transform_from(np.zeros(3), np.array([0.7, -0.2, 2.0]))
    components = pose_components(pose)
    components[3:] *= 0.9
    np.testing.assert_allclose(pose_from_components(components), pose, atol=1e-12)


def test_a_pair_far_from_the_unit_circle_is_refused() -> None:
    components = pose_components(np.eye(4))
    components[5:7] = (0.1, 0.2)
    with pytest.raises(ChunkRefusedError, match=r"sin_pitch = 0.100 and cos_pitch = 0.200 lie 0.78 from the unit"):
        pose_from_components(components)


def test_components_that_are_not_finite_are_refused() -> None:
    components = pose_components(np.eye(4))
    components[[1, 8]] = (math.nan, math.inf)
    with pytest.raises(ChunkRefusedError, match="pose components y, cos_yaw are not finite"):
        pose_from_components(components)
