import numpy as np
import pytest
from zr0_policy.chunking.timed_rows import TimedRows

START = 1_700_000_000_000_000_000
STEP = 100_000_000
ROWS = np.array([[10.0, 0.0], [20.0, 1.0], [40.0, 1.0], [30.0, 5.0]])
CHUNK = TimedRows(stamp_ns=START, step_period_s=0.1, rows=ROWS)


@pytest.mark.parametrize("num_steps", [0, 1, 3])
def test_whole_steps_later_the_same_rows_are_left_to_the_bit(num_steps: int) -> None:
    np.testing.assert_array_equal(CHUNK.seen_from(START + num_steps * STEP), ROWS[num_steps:])


def test_between_steps_values_lie_on_the_line_between_rows() -> None:
    # A quarter of a step later, row 0 is due a quarter of the way from row 0 to row 1.
    np.testing.assert_allclose(CHUNK.seen_from(START + STEP // 4), [[12.5, 0.25], [25.0, 1.0], [37.5, 2.0]])
    np.testing.assert_allclose(CHUNK.seen_from(START + 2 * STEP + STEP // 2), [[35.0, 3.0]])


@pytest.mark.parametrize("elapsed_ns", [3 * STEP + 1000, 4 * STEP, 4 * STEP + 5, 100 * STEP])
def test_after_the_last_row_nothing_is_left(elapsed_ns: int) -> None:
    assert CHUNK.seen_from(START + elapsed_ns).shape == (0, 2)


def test_a_nanosecond_beside_a_row_is_that_row() -> None:
    np.testing.assert_array_equal(CHUNK.seen_from(START + 3 * STEP + 1), ROWS[3:])
    np.testing.assert_array_equal(CHUNK.seen_from(START + 3 * STEP - 1), ROWS[3:])


def test_nothing_is_left_of_a_chunk_from_the_future() -> None:
    assert CHUNK.seen_from(START - 1).shape == (0, 2)


def test_what_is_left_is_a_copy() -> None:
    CHUNK.seen_from(START)[0] = -1.0
    assert CHUNK.rows[0, 0] == 10.0
