import pytest
from zr0_xarm.motion.gripper_follower import GripperFollower


def test_the_command_moves_at_the_grippers_speed_and_arrives() -> None:
    follower = GripperFollower(velocity=2.0, period=0.01)
    assert follower.step(0.0, 0.85) == pytest.approx(0.02)
    assert follower.step(0.85, 0.0) == pytest.approx(0.83)
    assert follower.step(0.84, 0.85) == pytest.approx(0.85)
