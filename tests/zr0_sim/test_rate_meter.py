import pytest
from zr0_sim.rate_meter import RateMeter


def test_the_rate_is_that_of_the_last_second() -> None:
    meter = RateMeter()
    assert meter.rate == 0.0
    for tick in range(21):
        meter.add(tick * 0.1, 3.0 * tick)
    assert meter.rate == pytest.approx(30.0)
    for tick in range(21, 41):
        meter.add(tick * 0.1, 60.0)
    assert meter.rate == pytest.approx(0.0)


def test_one_sample_tells_nothing() -> None:
    meter = RateMeter()
    meter.add(5.0, 100.0)
    assert meter.rate == 0.0
