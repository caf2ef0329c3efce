import pytest
from zr0_policy.runtime.latency import BUCKETS_S, LatencyWindow


def test_an_empty_window_is_all_zero() -> None:
    summary = LatencyWindow().summary()
    assert (summary.count, summary.p50, summary.p99, summary.maximum) == (0, 0.0, 0.0, 0.0)
    assert summary.histogram == (0,) * 9


def test_quantiles_are_those_of_the_window() -> None:
    window = LatencyWindow(size=101)
    window.add(9.0)
    for milliseconds in range(101):
        window.add(milliseconds * 1e-3)
    summary = window.summary()
    assert summary.count == 101
    assert (summary.p50, summary.p99, summary.maximum) == pytest.approx((0.05, 0.099, 0.1))


def test_the_histogram_counts_every_latency_once_ends_included() -> None:
    assert BUCKETS_S == (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    window = LatencyWindow(size=2)
    for seconds in (0.0, 0.005, 0.0051, 0.03, 0.05, 0.2, 0.21, 1.0, 1.1, 60.0):
        window.add(seconds)
    summary = window.summary()
    assert summary.histogram == (2, 1, 0, 2, 0, 1, 1, 1, 2)
    assert summary.count == 2
