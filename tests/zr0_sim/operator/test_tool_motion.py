import math

import numpy as np
import pytest
from zr0_core.kinematics import rpy_from_rotation, transform_from
from zr0_sim.operator.tool_motion import (
    LINEAR_ACCELERATION,
    LINEAR_SPEED,
    YAW_SPEED,
    ToolMotion,
    advance,
    at_rest,
    blend,
)

START = ToolMotion(position=np.array([0.3, 0.0, 0.3]), velocity=np.zeros(3), yaw=0.0, yaw_rate=0.0)


def test_it_arrives_and_stops() -> None:
    goal = np.array([0.45, -0.2, 0.1])
    motion = advance(START, goal, 0.7, 4.0, 1.0)
    np.testing.assert_allclose(motion.position, goal, atol=1e-4)
    assert motion.yaw == pytest.approx(0.7, abs=1e-3)
    assert np.linalg.norm(motion.velocity) < 1e-3


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_speed_and_acceleration_stay_within_limits_even_when_the_goal_jumps(share: float) -> None:
    rng = np.random.default_rng(3)
    motion, dt = START, 0.01
    for step in range(400):
        if step % 50 == 0:
            goal, yaw = rng.uniform(-0.2, 0.6, 3), rng.uniform(-1.5, 1.5)
        following = advance(motion, goal, yaw, dt, share)
        assert np.linalg.norm(following.velocity) <= share * LINEAR_SPEED * (1 + 1e-9)
        assert np.linalg.norm(following.velocity - motion.velocity) <= LINEAR_ACCELERATION * dt * (1 + 1e-9)
        assert abs(following.yaw_rate) <= YAW_SPEED * (1 + 1e-9)
        np.testing.assert_allclose(following.position, motion.position + following.velocity * dt)
        motion = following


def test_two_short_moves_are_one_long_one() -> None:
    goal = np.array([0.5, 0.2, 0.1])
    long = advance(START, goal, 0.5, 0.4, 1.0)
    short = advance(advance(START, goal, 0.5, 0.2, 1.0), goal, 0.5, 0.2, 1.0)
    np.testing.assert_allclose(short.position, long.position, atol=1e-12)


def test_the_pose_points_straight_down() -> None:
    pose = advance(START, START.position, 0.6, 3.0, 1.0).pose
    np.testing.assert_allclose(pose[:3, 2], (0.0, 0.0, -1.0), atol=1e-12)
    roll, pitch, yaw = rpy_from_rotation(pose[:3, :3])
    assert abs(roll) == pytest.approx(math.pi)
    assert pitch == pytest.approx(0.0, abs=1e-12)
    assert yaw == pytest.approx(0.6, abs=1e-3)


def test_a_downward_pose_starts_a_motion_at_rest() -> None:
    motion = at_rest(transform_from(np.array([0.4, 0.1, 0.2]), np.array([math.pi, 0.0, -0.4])))
    np.testing.assert_allclose(motion.position, (0.4, 0.1, 0.2))
    assert motion.yaw == pytest.approx(-0.4)
    assert not motion.velocity.any()


def test_a_blend_lies_between() -> None:
    end = ToolMotion(position=np.ones(3), velocity=np.full(3, 2.0), yaw=1.0, yaw_rate=4.0)
    middle = blend(START, end, 0.25)
    np.testing.assert_allclose(middle.position, 0.75 * START.position + 0.25)
    np.testing.assert_allclose(middle.velocity, 0.5)
    assert (middle.yaw, middle.yaw_rate) == (0.25, 1.0)
