import numpy as np
import pytest
from zr0_core.errors import Zr0Error
from zr0_policy.chunking.sync import SyncChunk

START = 1_700_000_000_000_000_000
STEP = 100_000_000


def chunk(first: float) -> np.ndarray:
    return np.arange(first, first + 6.0)[:, None]


def test_every_row_is_executed_from_the_first_and_the_arm_waits_for_the_answer() -> None:
    strategy = SyncChunk(horizon=6, step_period_s=0.1, num_rows=3)
    assert strategy.next_inference_ns == 0
    assert strategy.overlap(START, 2) is None
    # Two rows have passed: then come the first three, and the last of them is held.
    published = strategy.publish(chunk(10.0), START, 2)
    assert published[:, 0].tolist() == [10.0, 10.0, 10.0, 11.0, 12.0, 12.0]
    assert strategy.next_inference_ns == START + 5 * STEP
    # The next answer takes one row, in which the arm stays where the first left it.
    published = strategy.publish(chunk(20.0), START + 5 * STEP, 1)
    assert published[:, 0].tolist() == [12.0, 20.0, 21.0, 22.0, 22.0, 22.0]
    assert strategy.next_inference_ns == START + 9 * STEP


def test_the_whole_chunk_is_what_fits_behind_the_delay() -> None:
    strategy = SyncChunk(horizon=6, step_period_s=0.1)
    assert strategy.publish(chunk(10.0), START, 0)[:, 0].tolist() == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert strategy.next_inference_ns == START + 6 * STEP
    assert strategy.publish(chunk(20.0), START, 2)[:, 0].tolist() == [15.0, 15.0, 20.0, 21.0, 22.0, 23.0]
    assert strategy.next_inference_ns == START + 6 * STEP


@pytest.mark.parametrize("delay", [5, 6, 9])
def test_of_an_answer_as_late_as_a_chunk_is_long_the_first_row_remains(delay: int) -> None:
    strategy = SyncChunk(horizon=6, step_period_s=0.1)
    actions = chunk(10.0)
    strategy.publish(actions, START, 0)
    actions[:] = -1.0
    assert strategy.publish(chunk(20.0), START, delay)[:, 0].tolist() == [15.0] * 5 + [20.0]
    assert strategy.next_inference_ns == START + 6 * STEP


def test_an_episode_forgets_the_one_before() -> None:
    strategy = SyncChunk(horizon=6, step_period_s=0.1)
    strategy.publish(chunk(10.0), START, 0)
    strategy.reset()
    assert strategy.next_inference_ns == 0
    assert strategy.publish(chunk(20.0), START, 1)[0, 0] == 20.0


@pytest.mark.parametrize("num_rows", [-1, 7])
def test_more_rows_than_a_chunk_has_are_refused(num_rows: int) -> None:
    with pytest.raises(Zr0Error, match=f"sync_rows is {num_rows}, expected 1 to 6, the rows of a chunk, or 0"):
        SyncChunk(horizon=6, step_period_s=0.1, num_rows=num_rows)
