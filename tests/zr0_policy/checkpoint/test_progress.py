import logging

import pytest
from zr0_policy.checkpoint.progress import ByteCounter, LoggedProgress, ignore_progress

LOGGER = logging.getLogger("test_progress")


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_tell_what_is_done_and_what_remains(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = LoggedProgress(LOGGER, "weights", interval=5.0, clock=clock)
    with caplog.at_level(logging.INFO, LOGGER.name):
        progress(0, 4_000_000_000)
        clock.now += 4.0
        progress(500_000_000, 4_000_000_000)
        clock.now += 2.0
        progress(1_000_000_000, 4_000_000_000)
        clock.now += 1.0
        progress(1_100_000_000, 4_000_000_000)
        clock.now += 9.0
        progress(4_000_000_000, 4_000_000_000)
    assert caplog.messages == ["weights: 1.00 of 4.00 GB, about 18 s left", "weights: 4.00 GB in 16.0 s (0.25 GB/s)"]


def test_pieces_are_added_up() -> None:
    reports: list[tuple[int, int]] = []
    counter = ByteCounter(lambda done, total: reports.append((done, total)), 10)
    counter.add(3)
    counter.add(7)
    assert reports == [(0, 10), (3, 10), (10, 10)]


def test_progress_may_be_ignored() -> None:
    ByteCounter(ignore_progress, 10).add(10)


def test_no_time_at_all_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER.name):
        LoggedProgress(LOGGER, "weights", clock=Clock())(0, 0)
    assert caplog.messages == ["weights: 0.00 GB in 0.0 s (0.00 GB/s)"]
