"""The loop: nominal times a period apart, late ticks skipped and counted."""

import itertools
import time

import pytest
from zr0_xarm.control.lateness import LatenessRecord
from zr0_xarm.control.loop import ControlLoop


def test_ticks_lie_whole_periods_apart_and_are_never_doubled() -> None:
    times: list[int] = []

    def tick(now_ns: int, is_late: bool) -> None:
        del is_late
        times.append(now_ns)
        if len(times) == 20:
            time.sleep(0.055)

    loop = ControlLoop(tick, 100.0)
    loop.start()
    time.sleep(0.6)
    loop.stop()
    assert not loop.is_running
    steps = [round((after - before) / 1e7, 2) for before, after in itertools.pairwise(times)]
    assert all(step == pytest.approx(round(step), abs=0.02) and step >= 1 for step in steps)
    assert steps[19] >= 5
    report = loop.lateness.report()
    assert report.num_ticks == len(times)
    assert report.num_skipped >= sum(round(step) - 1 for step in steps)
    assert report.num_missed >= 1


def test_times_are_those_of_the_system_clock() -> None:
    seen: list[int] = []
    loop = ControlLoop(lambda now_ns, _: seen.append(now_ns - time.time_ns()), 100.0)
    loop.start()
    time.sleep(0.2)
    loop.stop()
    assert -0.1e9 < min(seen) <= max(seen) <= 1e6


def test_a_failure_is_kept_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def tick(now_ns: int, is_late: bool) -> None:
        raise RuntimeError(f"broken {now_ns > 0} {is_late}")

    loop = ControlLoop(tick, 100.0)
    loop.start()
    time.sleep(0.1)
    assert not loop.is_running
    assert isinstance(loop.failure, RuntimeError)
    assert "the arm is no longer commanded" in caplog.text
    loop.stop()


def test_lateness_is_summed_up() -> None:
    record = LatenessRecord(4)
    for lateness, num_skipped in ((0.5, 50), (0.001, 0), (0.002, 0), (0.025, 2), (0.004, 0)):
        record.note(lateness, num_skipped)
    report = record.report()
    assert (report.num_ticks, report.num_missed, report.num_skipped) == (5, 2, 52)
    assert report.p50 == pytest.approx(0.003)
    assert report.max == pytest.approx(0.025)
