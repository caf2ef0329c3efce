"""Stops and moves: times known from the S-curve, limits, and refusals."""

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment, MotionLimits
from zr0_core.errors import Zr0Error
from zr0_xarm.motion.command_state import CommandState
from zr0_xarm.motion.plans import plan_move, plan_stop
from zr0_xarm.motion.stopping_distance import stopping_range, stopping_time

ROBOT = Embodiment.load("xarm7_gripper")
HARDWARE = ROBOT.arm.hardware_limits


def moving(velocity: float, acceleration: float = 0.0) -> CommandState:
    return CommandState(positions=np.zeros(1), velocities=np.array([velocity]), accelerations=np.array([acceleration]))


def test_a_stop_from_1_rad_per_second_takes_90_ms() -> None:
    # v / A + A / J = 1 / 19.98 + 19.98 / 500 s
    plan = plan_stop(moving(1.0), HARDWARE)
    assert plan.duration == pytest.approx(0.09001, abs=1e-5)
    assert plan.at(plan.duration).positions == pytest.approx([0.045005], abs=1e-5)


def test_a_slow_stop_never_reaches_full_deceleration() -> None:
    # 2 sqrt(v / J) = 2 sqrt(0.5 / 500) s
    assert plan_stop(moving(0.5), HARDWARE).duration == pytest.approx(0.063246, abs=1e-6)


def test_each_joint_stops_by_itself() -> None:
    state = CommandState(positions=np.zeros(2), velocities=np.array([1.0, 0.1]), accelerations=np.zeros(2))
    assert plan_stop(state, HARDWARE).at(0.05).velocities[1] == pytest.approx(0.0, abs=1e-9)


def test_after_the_end_it_stands() -> None:
    plan = plan_stop(moving(0.7, 3.0), HARDWARE)
    end = plan.at(plan.duration + 1.0)
    assert end.is_at_rest
    assert end.positions == pytest.approx(plan.at(plan.duration - 1e-9).positions, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_stops_stay_within_their_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = CommandState(
        positions=rng.normal(size=7), velocities=rng.uniform(-1, 1, 7), accelerations=rng.uniform(-6, 6, 7)
    )
    plan = plan_stop(state, HARDWARE)
    lowest, highest = stopping_range(state, HARDWARE)
    positions = np.array([plan.at(time).positions for time in np.linspace(0.0, plan.duration, 200)])
    assert (positions >= lowest - 1e-12).all()
    assert (positions <= highest + 1e-12).all()
    assert plan.duration <= stopping_time(state, HARDWARE) + 1e-12


def test_the_bound_is_exact_without_acceleration() -> None:
    lowest, highest = stopping_range(moving(1.0), HARDWARE)
    assert lowest == pytest.approx([0.0])
    assert highest == pytest.approx([0.045005], abs=1e-5)


def test_a_move_arrives_together_within_its_limits() -> None:
    limits = MotionLimits(velocity=1.0, acceleration=6.0, jerk=120.0)
    state = CommandState.at_rest(np.zeros(2))
    plan = plan_move(state, np.array([1.0, -0.3]), limits)
    # s / V + V / A + A / J
    assert plan.duration == pytest.approx(1.0 + 1.0 / 6.0 + 0.05, abs=1e-4)
    assert plan.at(plan.duration).positions == pytest.approx([1.0, -0.3])
    velocities = np.array([plan.at(time).velocities for time in np.linspace(0.0, plan.duration, 100)])
    assert np.abs(velocities).max() <= 1.0 + 1e-9


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(Zr0Error, match="cannot plan a stop: the commanded state or the target is not finite"):
        plan_stop(moving(float("nan")), HARDWARE)
    with pytest.raises(Zr0Error, match="cannot plan a move"):
        plan_move(CommandState.at_rest(np.zeros(1)), np.array([np.inf]), HARDWARE)
