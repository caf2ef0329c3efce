import logging

import numpy as np
import pytest
from numpy.typing import NDArray
from zr0_policy.preprocessing.history import FRAMES_PER_SPACING, FrameHistory, choose_frames


def frame(number: int) -> NDArray[np.float32]:
    return np.full((2, 3), number, dtype=np.float32)


def numbers(window: tuple[NDArray[np.float32], ...]) -> list[int]:
    return [int(item[0, 0]) for item in window]


def windows(history: FrameHistory, stamps_ns: list[int]) -> list[list[int]]:
    """The window at every stamp, frames named by their place among the stamps."""
    return [numbers(history.extend(stamp_ns, frame(number))) for number, stamp_ns in enumerate(stamps_ns)]


@pytest.mark.parametrize(
    ("stamps_ns", "window_size", "expected"),
    [
        ([5], 1, (0,)),
        ([5], 3, (0, 0, 0)),
        ([0, 100, 200, 300], 1, (3,)),
        ([0, 100, 200, 300], 3, (1, 2, 3)),
        ([0, 100, 200, 300], 6, (0, 0, 0, 1, 2, 3)),
        ([0, 20, 110, 160, 205, 300], 4, (0, 2, 4, 5)),  # the nearest to 0, 100 and 200
        ([0, 90, 110, 200], 2, (2, 3)),  # both 10 away from 100: the newer
        ([0, 150, 250, 300], 3, (1, 2, 3)),  # just within half a spacing of 100 and 200
    ],
)
def test_frames_nearest_to_the_spacing_are_chosen(
    stamps_ns: list[int], window_size: int, expected: tuple[int, ...]
) -> None:
    assert choose_frames(stamps_ns, window_size=window_size, spacing_ns=100).indices == expected


def test_a_gap_repeats_the_frame_after_it_and_is_counted() -> None:
    found = choose_frames([0, 100, 400, 500], window_size=5, spacing_ns=100)
    assert (found.indices, found.num_missing) == ((2, 2, 2, 2, 3), 3)
    assert choose_frames([0, 149, 300], window_size=2, spacing_ns=100).num_missing == 1
    assert choose_frames([0, 200], window_size=2, spacing_ns=120).num_missing == 1
    assert choose_frames([0, 150, 300], window_size=2, spacing_ns=100).num_missing == 0


def test_the_beginning_of_an_episode_is_no_gap() -> None:
    assert choose_frames([0, 100], window_size=5, spacing_ns=100).num_missing == 0
    assert choose_frames([0, 30], window_size=2, spacing_ns=100).num_missing == 0


def test_frames_of_a_recording_are_those_of_the_published_samples() -> None:
    stamps_ns = [round(index * 1e9 / 30) for index in range(60)]  # 30 frames per second
    for place in (0, 1, 7, 31, 59):
        for spacing_steps in (1, 4, 16):
            expected = tuple(max(0, place - step * spacing_steps) for step in (3, 2, 1, 0))
            found = choose_frames(stamps_ns[: place + 1], window_size=4, spacing_ns=round(spacing_steps * 1e9 / 30))
            assert (found.indices, found.num_missing) == (expected, 0)


@pytest.mark.parametrize(
    ("stamps_ns", "window_size", "spacing_ns", "match"),
    [
        ([], 1, 1, "there is no frame"),
        ([3, 3], 1, 1, "the stamps of the frames do not rise"),
        ([3, 2], 1, 1, "the stamps of the frames do not rise"),
        ([3], 0, 1, "window_size is 0 and spacing_ns 1, expected at least 1"),
        ([3], 1, 0, "window_size is 1 and spacing_ns 0, expected at least 1"),
    ],
)
def test_nothing_to_choose_from_is_refused(stamps_ns: list[int], window_size: int, spacing_ns: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        choose_frames(stamps_ns, window_size=window_size, spacing_ns=spacing_ns)


def test_a_history_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="window_size is 0 and spacing_ns 5"):
        FrameHistory(window_size=0, spacing_ns=5)
    with pytest.raises(ValueError, match="window_size is 3 and spacing_ns 0"):
        FrameHistory(window_size=3, spacing_ns=0)


def test_regular_inferences_give_the_last_frames_padded_on_the_left() -> None:
    stamps_ns = [1000 + 200 * number for number in range(9)]
    for window_size in (1, 2, 4):
        history = FrameHistory(window_size=window_size, spacing_ns=200)
        expected = [[max(0, newest - step) for step in reversed(range(window_size))] for newest in range(9)]
        assert windows(history, stamps_ns) == expected
        assert history.num_incomplete == 0


def test_jitter_does_not_change_the_choice() -> None:
    rng = np.random.default_rng(0)
    stamps_ns = (200 * np.arange(1, 40) + rng.integers(-40, 41, 39)).tolist()
    for place, window in enumerate(windows(FrameHistory(window_size=4, spacing_ns=200), stamps_ns)):
        assert window == [max(0, place - step) for step in (3, 2, 1, 0)]


def test_an_episode_forgets_the_one_before() -> None:
    history = FrameHistory(window_size=3, spacing_ns=100)
    windows(history, [0, 100, 500])
    assert (len(history), history.num_incomplete) == (2, 1)
    history.clear()
    assert (len(history), history.num_incomplete) == (0, 0)
    assert numbers(history.extend(600, frame(9))) == [9, 9, 9]


def test_a_frame_of_the_same_stamp_is_replaced() -> None:
    history = FrameHistory(window_size=2, spacing_ns=100)
    assert windows(history, [0, 100, 100]) == [[0, 0], [0, 1], [0, 2]]


def test_a_clock_that_was_set_back_begins_anew() -> None:
    history = FrameHistory(window_size=2, spacing_ns=100)
    assert windows(history, [1000, 1100, 50, 150]) == [[0, 0], [0, 1], [2, 2], [2, 3]]


def test_missing_frames_are_warned_of_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    history = FrameHistory(window_size=3, spacing_ns=100)
    with caplog.at_level(logging.WARNING):
        assert windows(history, [0, 300, 600, 700]) == [[0, 0, 0], [1, 1, 1], [2, 2, 2], [2, 2, 3]]
    assert history.num_incomplete == 3
    assert len(caplog.messages) == 1
    assert "2 of 3 frames of the history window are missing" in caplog.text
    assert "choose a larger history_spacing_steps" in caplog.text


@pytest.mark.parametrize("period_ns", [1, 7, 60, 130, 500])
def test_memory_is_bounded_and_the_choice_stays_close(period_ns: int) -> None:
    spacing_ns, window_size = 1000, 4
    history = FrameHistory(window_size=window_size, spacing_ns=spacing_ns)
    stamps_ns = [period_ns * number for number in range(8000 // period_ns)]
    for number, stamp_ns in enumerate(stamps_ns):
        window = history.extend(stamp_ns, frame(number))
        assert len(history) <= FRAMES_PER_SPACING * (window_size - 1) + 3
        for step, chosen in enumerate(reversed(numbers(window))):
            wanted_ns = max(0, stamp_ns - step * spacing_ns)
            slack_ns = spacing_ns / FRAMES_PER_SPACING / 2 + period_ns
            assert abs(stamps_ns[chosen] - wanted_ns) <= slack_ns
    assert history.num_incomplete == 0


def test_without_a_window_only_the_newest_frame_is_kept() -> None:
    history = FrameHistory(window_size=1, spacing_ns=100)
    assert windows(history, [0, 10, 500]) == [[0], [1], [2]]
    assert len(history) == 1
