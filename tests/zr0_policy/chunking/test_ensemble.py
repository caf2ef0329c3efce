import math
import weakref

import numpy as np
import pytest
from zr0_core.errors import Zr0Error
from zr0_policy.chunking.ensemble import TemporalEnsemble

START = 1_700_000_000_000_000_000
STEP = 100_000_000


def chunk(value: float) -> np.ndarray:
    return np.full((4, 1), value)


def test_rows_are_averaged_over_the_chunks_that_reach_them_oldest_first() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.5)
    assert strategy.publish(chunk(1.0), START, 0)[:, 0].tolist() == [1.0] * 4
    second = strategy.publish(chunk(2.0), START + STEP, 0)
    newer = math.exp(-0.5)
    both = (1.0 + 2.0 * newer) / (1.0 + newer)
    np.testing.assert_allclose(second[:, 0], [both, both, both, 2.0])
    third = strategy.publish(chunk(4.0), START + 2 * STEP, 0)
    newest = math.exp(-1.0)
    all_three = (1.0 + 2.0 * newer + 4.0 * newest) / (1.0 + newer + newest)
    last_two = (2.0 + 4.0 * newer) / (1.0 + newer)
    np.testing.assert_allclose(third[:, 0], [all_three, all_three, last_two, 4.0])


def test_chunks_that_agree_are_published_as_they_are_at_any_time() -> None:
    """The same straight line seen from different moments stays that line."""
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.3)
    for elapsed in (0.0, 0.7, 1.9, 2.0, 3.3):
        line = (elapsed + np.arange(1.0, 5.0))[:, None]
        published = strategy.publish(line, START + round(elapsed * STEP), 0)
        np.testing.assert_allclose(published, line, atol=1e-6)


def test_without_decay_all_chunks_weigh_alike() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.0)
    for value in (1.0, 2.0, 6.0):
        published = strategy.publish(chunk(value), START, 0)
    np.testing.assert_allclose(published[:, 0], 3.0)


def test_chunks_that_ran_out_do_not_count_and_are_forgotten() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.0)
    first = chunk(1.0)
    kept = weakref.ref(first)
    strategy.publish(first, START, 0)
    del first
    assert kept() is not None
    assert strategy.publish(chunk(5.0), START + 4 * STEP, 0)[:, 0].tolist() == [5.0] * 4
    assert kept() is None


def test_a_chunk_is_not_changed_by_its_publication() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.0)
    actions = chunk(1.0)
    strategy.publish(actions, START, 0)[:] = 9.0
    assert strategy.publish(chunk(3.0), START, 0)[:, 0].tolist() == [2.0] * 4


def test_many_chunks_and_a_strong_decay_stay_finite() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=1.0)
    for _ in range(100):
        published = strategy.publish(chunk(3.0), START, 0)
    np.testing.assert_allclose(published, 3.0)


def test_an_episode_forgets_the_one_before() -> None:
    strategy = TemporalEnsemble(step_period_s=0.1, decay=0.0)
    strategy.publish(chunk(1.0), START, 0)
    strategy.reset()
    assert strategy.publish(chunk(5.0), START, 0)[:, 0].tolist() == [5.0] * 4
    assert strategy.overlap(START, 1) is None
    assert strategy.next_inference_ns == 0


@pytest.mark.parametrize("decay", [-0.1, 1.5, math.nan])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(Zr0Error, match=f"ensemble_decay is {decay}, expected 0 to 1"):
        TemporalEnsemble(step_period_s=0.1, decay=decay)
