import numpy as np
import pytest
from zr0_sim.box.chase import approach, approach_straight, brake, closing_speed

DT = 0.004


@pytest.mark.parametrize("distance", [1e-4, 0.01, 1.0])
def test_closing_speed_brakes_within_the_distance(distance: float) -> None:
    speed, travelled = float(closing_speed(distance, 20.0, DT)), 0.0
    while speed > 1e-12:
        travelled += speed * DT
        speed -= 20.0 * DT
    assert travelled == pytest.approx(distance, rel=1e-9)


def test_joints_reach_their_targets_without_overshoot() -> None:
    position, velocity, target = np.zeros(2), np.zeros(2), np.array([1.0, -0.2])
    for _ in range(1000):
        following = approach(target - position, velocity, max_velocity=3.0, max_acceleration=20.0, dt=DT)
        assert np.abs(following - velocity).max() <= 20.0 * DT + 1e-12
        assert np.abs(following).max() <= 3.0
        velocity, position = following, position + following * DT
        assert position[0] <= 1.0 + 1e-9
        assert position[1] >= -0.2 - 1e-9
    assert position == pytest.approx(target, abs=1e-9)


def test_straight_approach_keeps_to_the_line_and_the_limits() -> None:
    position, velocity, target = np.zeros(3), np.zeros(3), np.array([3.0, 4.0, 0.0])
    for _ in range(6000):
        following = approach_straight(target - position, velocity, max_velocity=0.5, max_acceleration=1.0, dt=DT)
        assert np.linalg.norm(following - velocity) <= 1.0 * DT + 1e-12
        assert np.linalg.norm(following) <= 0.5 + 1e-12
        velocity, position = following, position + following * DT
        assert np.linalg.norm(np.cross(position, target)) < 1e-9
    assert position == pytest.approx(target, abs=1e-9)


def test_brake_keeps_the_direction_and_ends_at_zero() -> None:
    velocity = np.array([1.0, -0.5])
    slower = brake(velocity, 20.0, DT)
    assert slower == pytest.approx(velocity * 0.92)
    for _ in range(20):
        velocity = brake(velocity, 20.0, DT)
    assert velocity.tolist() == [0.0, 0.0]
