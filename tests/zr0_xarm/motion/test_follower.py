"""Laws of the follower: limits hold for every sample, whatever it follows; and it follows well."""

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment, MotionLimits
from zr0_core.types import FloatArray
from zr0_xarm.motion.command_state import CommandState
from zr0_xarm.motion.follower import Follower
from zr0_xarm.motion.plans import plan_stop
from zr0_xarm.motion.reference import Reference

PERIOD = 0.01
ROBOT = Embodiment.load("xarm7_gripper")
LIMITS = MotionLimits(velocity=1.0, acceleration=6.0, jerk=120.0)


def tolerance(order: int, largest: float) -> float:
    """Bound the rounding error of an order-th finite difference of samples, divided by the period.

    The difference sums 2^order samples by weight, each off by at most a few units in the last place of `largest`:
    positions are sums of four terms, so four roundings are allowed for.
    """
    return float(2**order * 4 * np.finfo(np.float64).eps * largest / PERIOD**order)


def assert_within(samples: FloatArray, velocity: float, acceleration: float, jerk: float) -> None:
    """Finite differences of samples of a curve are averages of its derivatives, so they obey the same limits."""
    largest = float(np.abs(samples).max())
    for order, limit in ((1, velocity), (2, acceleration), (3, jerk)):
        found = np.abs(np.diff(samples, order, axis=0)).max() / PERIOD**order
        assert found <= limit + tolerance(order, largest), f"derivative {order}: {found} above {limit}"


@pytest.mark.parametrize("seed", range(25))
def test_limits_hold_for_random_chunks_at_random_times(seed: int) -> None:
    rng = np.random.default_rng(seed)
    follower = Follower(LIMITS, ROBOT.lower, ROBOT.upper, PERIOD)
    state = CommandState.at_rest(rng.uniform(ROBOT.lower, ROBOT.upper))
    samples = [state.positions]
    reference = None
    for tick in range(400):
        now = tick * PERIOD
        if reference is None or rng.random() < 0.04:
            count = int(rng.integers(2, 17))
            times: FloatArray = now - rng.uniform(0.0, 0.4) + 0.1 * np.arange(count, dtype=np.float64)
            steps = rng.normal(0.0, 0.3, (count, 7)).cumsum(axis=0) * rng.choice([0.05, 0.5, 3.0])
            rows = np.clip(state.positions + steps, ROBOT.lower, ROBOT.upper)
            reference = Reference(times, rows, rng.normal(0.0, 0.5, 7))
        state = follower.step(state, reference.at(now), reference.at(now + PERIOD))
        samples.append(state.positions)
    assert_within(np.array(samples), LIMITS.velocity, LIMITS.acceleration, LIMITS.jerk)


@pytest.mark.parametrize("seed", range(10))
def test_limits_of_the_arm_hold_across_stops_at_random_times(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hardware = ROBOT.arm.hardware_limits
    follower = Follower(LIMITS, ROBOT.lower, ROBOT.upper, PERIOD)
    state = CommandState.at_rest(ROBOT.home)
    samples = [state.positions]
    for _ in range(8):
        rows = np.clip(state.positions + rng.normal(0.0, 0.2, (16, 7)).cumsum(axis=0), ROBOT.lower, ROBOT.upper)
        times: FloatArray = 0.1 * np.arange(16, dtype=np.float64)
        reference = Reference(times, rows, np.zeros(7))
        for tick in range(int(rng.integers(1, 100))):
            now = tick * PERIOD
            state = follower.step(state, reference.at(now), reference.at(now + PERIOD))
            samples.append(state.positions)
        plan = plan_stop(state, hardware)
        for tick in range(1, int(plan.duration / PERIOD) + 3):
            state = plan.at(tick * PERIOD)
            samples.append(state.positions)
        assert state.is_at_rest
    assert_within(np.array(samples), hardware.velocity, hardware.acceleration, hardware.jerk)


def test_velocity_approaches_its_limit_without_passing_it() -> None:
    follower = Follower(LIMITS, ROBOT.lower, ROBOT.upper, PERIOD)
    state = CommandState.at_rest(ROBOT.home)
    far = ROBOT.home + np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    target = (far, np.zeros(7), np.zeros(7))
    largest = 0.0
    for _ in range(200):
        state = follower.step(state, target, target)
        largest = max(largest, float(state.velocities[0]))
    assert 0.99 * LIMITS.velocity < largest <= LIMITS.velocity


def test_a_step_is_approached_without_overshoot() -> None:
    follower = Follower(LIMITS, ROBOT.lower, ROBOT.upper, PERIOD)
    state = CommandState.at_rest(ROBOT.home)
    goal = ROBOT.home + 0.05
    target = (goal, np.zeros(7), np.zeros(7))
    for _ in range(150):
        state = follower.step(state, target, target)
        assert (state.positions <= goal + 5e-4).all()
    assert state.positions == pytest.approx(goal, abs=1e-4)


def test_a_target_beyond_a_joint_limit_is_approached_to_the_limit() -> None:
    follower = Follower(LIMITS, ROBOT.lower, ROBOT.upper, PERIOD)
    state = CommandState.at_rest(ROBOT.home)
    beyond = ROBOT.home.copy()
    beyond[3] = ROBOT.upper[3] + 1.0
    target = (beyond, np.zeros(7), np.zeros(7))
    for _ in range(600):
        state = follower.step(state, target, target)
        assert state.positions[3] <= ROBOT.upper[3] + 1e-5
    assert state.positions[3] == pytest.approx(ROBOT.upper[3], abs=1e-3)


def _truth(time: float) -> FloatArray:
    rates = np.array([0.3, 0.23, 0.4, 0.31, 0.5, 0.27, 0.6])
    sizes = np.array([0.3, 0.4, 0.15, 0.3, 0.2, 0.25, 0.2])
    return np.asarray(sizes * np.sin(2.0 * np.pi * rates * time + np.arange(7)))


def _chunks(noise: float) -> list[tuple[float, Reference]]:
    """Chunks of 16 rows, 3 a second, 0.15 s late, each shifted and roughened as those of a policy are."""
    rng = np.random.default_rng(1)
    chunks = []
    for arrival in np.arange(0.3, 8.0, 1.0 / 3.0):
        times = arrival - 0.15 + 0.1 * np.arange(1, 17)
        rows = np.array([_truth(time) for time in times])
        rows += rng.normal(0.0, noise, 7) + rng.normal(0.0, noise / 4.0, (16, 7))
        chunks.append((float(arrival), Reference(times, rows, (rows[1] - rows[0]) / 0.1)))
    return chunks


def _play(noise: float) -> FloatArray:
    unlimited = np.full(7, 10.0)
    follower = Follower(LIMITS, -unlimited, unlimited, PERIOD)
    state = CommandState.at_rest(_truth(0.0))
    chunks, current, samples = _chunks(noise), None, []
    for tick in range(800):
        now = tick * PERIOD
        if chunks and chunks[0][0] <= now + 1e-9:
            current = chunks.pop(0)[1]
        if current is not None:
            state = follower.step(state, current.at(now), current.at(now + PERIOD))
        samples.append(state.positions)
    return np.array(samples)


def _play_with_ruckig(noise: float) -> FloatArray:
    """Plan time-optimally from knot to knot, arriving no earlier than the knot's time."""
    from ruckig import InputParameter, Result, Ruckig, Trajectory  # noqa: PLC0415

    planner = Ruckig(7)
    inputs = InputParameter(7)
    inputs.max_velocity, inputs.max_acceleration = [LIMITS.velocity] * 7, [LIMITS.acceleration] * 7
    inputs.max_jerk = [LIMITS.jerk] * 7
    state = CommandState.at_rest(_truth(0.0))
    chunks, current, plan, start, knot, samples = _chunks(noise), None, None, 0.0, 0.0, []
    for tick in range(800):
        now = tick * PERIOD
        if chunks and chunks[0][0] <= now + 1e-9:
            current, knot = chunks.pop(0)[1], 0.0
        if current is not None and now >= knot - 1e-9:
            first = current.end - 1.5
            knot = min(first + 0.1 * (np.floor((now + 0.03 - first) / 0.1) + 1.0), current.end)
            position, velocity, _ = current.at(knot - 1e-9)
            inputs.current_position, inputs.current_velocity = state.positions.tolist(), state.velocities.tolist()
            inputs.current_acceleration = state.accelerations.tolist()
            inputs.target_position = position.tolist()
            inputs.target_velocity = np.clip(velocity, -0.99 * LIMITS.velocity, 0.99 * LIMITS.velocity).tolist()
            inputs.minimum_duration = knot - now
            found = Trajectory(7)
            if planner.calculate(inputs, found) in (Result.Working, Result.Finished):
                plan, start = found, now
        if plan is not None:
            p, v, a = (np.array(part) for part in plan.at_time(now + PERIOD - start))
            state = CommandState(positions=p, velocities=v, accelerations=a)
        samples.append(state.positions)
    return np.array(samples)


def _errors(samples: FloatArray) -> float:
    truth = np.array([_truth((tick + 1) * PERIOD) for tick in range(len(samples))])
    return float(np.sqrt(((samples - truth)[150:] ** 2).mean()))


def _jerk(samples: FloatArray) -> float:
    return float(np.sqrt((np.diff(samples[150:], 3, axis=0) ** 2).mean()) / PERIOD**3)


def test_exact_chunks_are_followed_without_lag() -> None:
    assert _errors(_play(0.0)) < 1e-3


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_following_beats_time_optimal_planning_from_knot_to_knot(noise: float) -> None:
    followed, planned = _play(noise), _play_with_ruckig(noise)
    assert _errors(followed) < 0.5 * _errors(planned)
    assert _jerk(followed) < 0.5 * _jerk(planned)
