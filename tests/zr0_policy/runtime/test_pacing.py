import threading
import time

import pytest
from zr0_policy.runtime.latency import LatencyWindow
from zr0_policy.runtime.pacing import Pacer


def test_missed_ticks_are_left_out() -> None:
    began = time.monotonic()
    pacer, stop = Pacer(0.05), threading.Event()
    time.sleep(0.12)
    # Ticks at 50 and 100 ms have passed; the next is at 150.
    assert not pacer.wait(stop)
    assert time.monotonic() - began >= 0.149


def test_a_set_event_ends_the_wait_at_once() -> None:
    stop = threading.Event()
    stop.set()
    assert Pacer(60.0).wait(stop)


def test_latencies_are_summarised_over_the_window() -> None:
    window = LatencyWindow(size=100)
    assert window.summary().count == 0
    for value in range(1000):
        window.add(float(value))
    summary = window.summary()
    # 900 to 999 are left.
    assert (summary.count, summary.p50, summary.maximum) == (100, 949.5, 999.0)
    assert summary.p99 == pytest.approx(998.01)
