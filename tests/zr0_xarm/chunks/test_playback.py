"""Which row belongs to now, and where the curve is."""

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.motion.command_state import CommandState

STAMP = 1_700_000_000_000_000_000
ROWS = np.linspace(0.1, 1.0, 10)[:, None]


def at(seconds: float) -> int:
    return STAMP + round(seconds * 1e9)


def play(now: float, rows: FloatArray = ROWS, velocity: float = 0.0) -> Playback:
    command = CommandState(positions=np.array([0.02]), velocities=np.array([velocity]), accelerations=np.zeros(1))
    return Playback(
        sequence=1,
        observation_stamp_ns=STAMP,
        step_period=0.1,
        rows=rows,
        gripper_rows=np.linspace(0.0, 0.9, len(rows)),
        now_ns=at(now),
        command=command,
    )


def test_row_k_is_reached_k_plus_1_periods_after_the_observation() -> None:
    playback = play(0.25)
    for row in range(10):
        assert playback.target(at(0.1 * (row + 1)))[0] == pytest.approx(ROWS[row])
    assert playback.target(at(0.55))[0] == pytest.approx([0.55], abs=1e-3)
    assert playback.target(at(0.55))[1] == pytest.approx([1.0], abs=0.02)


@pytest.mark.parametrize(("now", "row", "left"), [(0.05, 0, 10), (0.15, 1, 9), (0.95, 9, 1), (1.05, 10, 0)])
def test_rows_are_counted_by_time(now: float, row: int, left: int) -> None:
    playback = play(0.05)
    assert (playback.row(at(now)), playback.rows_left(at(now))) == (row, left)
    assert playback.time_left(at(now)) == pytest.approx(1.0 - now)


def test_before_the_first_row_it_starts_at_what_is_commanded() -> None:
    playback = play(0.0, velocity=0.3)
    assert playback.target(at(0.0))[0] == pytest.approx([0.02])
    assert playback.target(at(0.0))[1] == pytest.approx([0.3])
    assert playback.target(at(0.1))[0] == pytest.approx([0.1])


def test_it_rests_at_the_last_row() -> None:
    value, velocity, acceleration = play(0.5).target(at(3.0))
    assert value == pytest.approx([1.0])
    assert velocity == pytest.approx([0.0])
    assert acceleration == pytest.approx([0.0])


def test_one_row_is_enough() -> None:
    playback = play(0.05, ROWS[:1])
    assert playback.target(at(0.05))[0] == pytest.approx([0.02])
    assert playback.target(at(0.1))[0] == pytest.approx([0.1])


def test_the_gripper_goes_between_rows_in_proportion() -> None:
    playback = play(0.05)
    assert playback.gripper(at(0.15)) == pytest.approx(0.05)
    assert playback.gripper(at(9.0)) == pytest.approx(0.9)
