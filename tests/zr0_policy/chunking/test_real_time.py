import numpy as np
import pytest
from zr0_core.errors import Zr0Error
from zr0_policy.chunking.real_time import RealTimeChunk

START = 1_700_000_000_000_000_000
STEP = 100_000_000


def chunk(first: float) -> np.ndarray:
    return np.arange(first, first + 6.0)[:, None]


def begun(min_rows: int = 2) -> RealTimeChunk:
    """A strategy that has published rows 10 to 15."""
    strategy = RealTimeChunk(horizon=6, step_period_s=0.1, min_rows=min_rows)
    assert strategy.overlap(START, 3) is None
    np.testing.assert_array_equal(strategy.publish(chunk(10.0), START, 2), chunk(10.0))
    return strategy


def test_the_next_inference_begins_when_enough_rows_are_executed() -> None:
    assert RealTimeChunk(horizon=6, step_period_s=0.1, min_rows=2).next_inference_ns == 0
    assert begun(2).next_inference_ns == START + 2 * STEP
    assert begun(5).next_inference_ns == START + 5 * STEP


def test_what_will_be_executed_is_frozen_and_published_as_it_was() -> None:
    strategy = begun()
    overlap = strategy.overlap(START + 2 * STEP, 2)
    assert overlap is not None
    assert overlap.actions[:, 0].tolist() == [12.0, 13.0, 14.0, 15.0]
    assert overlap.num_frozen == 2
    published = strategy.publish(chunk(30.0), START + 2 * STEP, 1)
    assert published[:, 0].tolist() == [12.0, 13.0, 32.0, 33.0, 34.0, 35.0]
    following = strategy.overlap(START + 3 * STEP, 1)
    assert following is not None
    assert following.actions[:, 0].tolist() == [13.0, 32.0, 33.0, 34.0, 35.0]


def test_an_answer_later_than_expected_keeps_the_rows_executed_meanwhile() -> None:
    strategy = begun()
    strategy.overlap(START + 2 * STEP, 1)
    published = strategy.publish(chunk(30.0), START + 2 * STEP, 3)
    assert published[:, 0].tolist() == [12.0, 13.0, 14.0, 33.0, 34.0, 35.0]


@pytest.mark.parametrize("delay", [2, 5, 50])
def test_a_delay_beyond_the_rest_freezes_all_of_it(delay: int) -> None:
    strategy = begun()
    overlap = strategy.overlap(START + 4 * STEP, delay)
    assert overlap is not None
    assert overlap.num_frozen == 2
    published = strategy.publish(chunk(30.0), START + 4 * STEP, delay)
    assert published[:, 0].tolist() == [14.0, 15.0, 32.0, 33.0, 34.0, 35.0]


def test_a_chunk_that_ran_out_is_not_continued() -> None:
    strategy = begun()
    assert strategy.overlap(START + 6 * STEP, 2) is None
    np.testing.assert_array_equal(strategy.publish(chunk(30.0), START + 6 * STEP, 2), chunk(30.0))


def test_an_answer_that_was_not_published_is_forgotten() -> None:
    strategy = begun()
    strategy.overlap(START + STEP, 2)
    overlap = strategy.overlap(START + 3 * STEP, 1)
    assert overlap is not None
    assert overlap.actions[:, 0].tolist() == [13.0, 14.0, 15.0]
    assert strategy.publish(chunk(30.0), START + 3 * STEP, 1)[:2, 0].tolist() == [13.0, 31.0]
    strategy.overlap(START + 4 * STEP, 2)
    assert strategy.overlap(START + 20 * STEP, 2) is None
    np.testing.assert_array_equal(strategy.publish(chunk(50.0), START + 20 * STEP, 2), chunk(50.0))


def test_an_answer_is_not_changed_by_its_publication() -> None:
    strategy = begun()
    strategy.overlap(START + STEP, 2)
    answer = chunk(30.0)
    strategy.publish(answer, START + STEP, 2)
    np.testing.assert_array_equal(answer, chunk(30.0))


def test_an_episode_forgets_the_one_before() -> None:
    strategy = begun()
    strategy.overlap(START + STEP, 2)
    strategy.reset()
    assert strategy.next_inference_ns == 0
    np.testing.assert_array_equal(strategy.publish(chunk(30.0), START + STEP, 2), chunk(30.0))
    strategy.reset()
    assert strategy.overlap(START + 2 * STEP, 2) is None


@pytest.mark.parametrize("min_rows", [0, 6])
def test_rows_that_leave_nothing_to_continue_are_refused(min_rows: int) -> None:
    with pytest.raises(Zr0Error, match=f"rtc_min_rows is {min_rows}, expected 1 to 5: a chunk has 6 rows"):
        RealTimeChunk(horizon=6, step_period_s=0.1, min_rows=min_rows)
