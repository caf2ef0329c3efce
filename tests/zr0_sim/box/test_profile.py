import numpy as np
import pytest
from zr0_sim.box.profile import Profile


@pytest.mark.parametrize(
    ("length", "speed", "acceleration", "jerk"),
    [(1.0, 0.35, 8.7, 20.0), (0.01, 1.0, 5.0, 100.0), (3.0, 3.0, 20.0, 500.0), (200.0, 100.0, 2000.0, 1000.0)],
)
def test_limits_hold_and_the_goal_is_reached_at_rest(
    length: float, speed: float, acceleration: float, jerk: float
) -> None:
    profile = Profile(length=length, speed=speed, acceleration=acceleration, jerk=jerk)
    dt = profile.duration / 4000
    distance = np.array([profile.at(index * dt) for index in range(-3, 4004)])
    velocity, second, third = (np.diff(distance, n) / dt**n for n in (1, 2, 3))
    assert distance[0] == 0.0
    assert distance[-1] == length
    assert velocity.min() >= -1e-6 * speed
    assert velocity.max() <= speed * 1.0001
    assert np.abs(second).max() <= acceleration * 1.001
    assert np.abs(third).max() <= jerk * 1.01
    assert velocity[-2] == pytest.approx(0.0, abs=1e-3 * speed)


def test_long_travel_reaches_full_speed() -> None:
    profile = Profile(length=10.0, speed=1.0, acceleration=2.0, jerk=4.0)
    # Jerk for 0.5 s, acceleration capped at 2 by v = a^2 / j: ramps take 1 s, and 10 m at 1 m/s.
    assert profile.duration == pytest.approx(11.0)
    assert profile.at(6.0) - profile.at(5.0) == pytest.approx(1.0)


def test_no_travel_takes_no_time() -> None:
    profile = Profile(length=0.0, speed=1.0, acceleration=1.0, jerk=1.0)
    assert profile.duration == 0.0
    assert profile.at(0.0) == 0.0


@pytest.mark.parametrize("name", ["speed", "acceleration", "jerk"])
def test_limit_of_zero_is_refused(name: str) -> None:
    limits = {"speed": 1.0, "acceleration": 1.0, "jerk": 1.0, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} is 0.0"):
        Profile(length=1.0, **limits)


def test_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"length is -1\.0"):
        Profile(length=-1.0, speed=1.0, acceleration=1.0, jerk=1.0)
