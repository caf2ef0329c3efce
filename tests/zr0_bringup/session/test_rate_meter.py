"""Tests of zr0_bringup.session.rate_meter."""

import pytest
from zr0_bringup.session.rate_meter import RateMeter


def _ticked(period_s: float, count: int) -> RateMeter:
    meter = RateMeter()
    for number in range(count):
        meter.tick(number * period_s)
    return meter


def test_a_steady_stream() -> None:
    meter = _ticked(0.1, 51)
    assert meter.rate(5.0) == pytest.approx(10.0)
    assert meter.mean_rate() == pytest.approx(10.0)
    assert meter.age(5.25) == pytest.approx(0.25)
    assert meter.longest_gap_s == pytest.approx(0.1)


def test_silence_lowers_the_rate_to_nothing() -> None:
    meter = _ticked(0.1, 51)
    assert meter.rate(6.0) == pytest.approx(5.0)
    assert meter.rate(8.0) == 0.0
    meter.tick(8.0)
    assert meter.longest_gap_s == pytest.approx(3.0)


def test_before_the_first_arrival() -> None:
    meter = RateMeter()
    assert meter.rate(1.0) == 0.0
    assert meter.mean_rate() == 0.0
    assert meter.age(1.0) == float("inf")
