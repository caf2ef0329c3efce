import numpy as np
import pytest
from zr0_core.embodiment import MotionLimits
from zr0_sim.box.audit import MotionAudit, Quantity

LIMITS = MotionLimits(velocity=3.0, acceleration=20.0, jerk=500.0)
PERIOD = 0.01


def make() -> MotionAudit:
    return MotionAudit(LIMITS, PERIOD, resolution=0.0)


def feed(audit: MotionAudit, positions: list[float], period: float = PERIOD) -> None:
    for index, position in enumerate(positions):
        audit.record_command(index * period, np.array([0.0, position]), np.zeros(2))


def smooth(amplitude: float, seconds: float) -> list[float]:
    time = np.arange(0.0, seconds, PERIOD) / seconds
    return list(amplitude * (10 * time**3 - 15 * time**4 + 6 * time**5))


def test_smooth_stream_has_no_violation_and_true_peaks() -> None:
    audit = make()
    feed(audit, smooth(1.0, 1.0))
    assert audit.violations == ()
    # A fifth-order polynomial over 1 rad in 1 s peaks at 1.875 rad/s, 5.774 rad/s^2 and 60 rad/s^3.
    assert audit.peaks.velocity == pytest.approx(1.875, rel=0.01)
    assert audit.peaks.acceleration == pytest.approx(5.774, rel=0.01)
    # The jerk peaks at the very ends, where a difference over three periods sees the mean of its fall.
    assert audit.peaks.jerk == pytest.approx(60.0 * (1 - 6 * 0.015 + 6 * 0.015**2), rel=0.02)
    assert audit.num_commands == 100


def test_step_violates_everything_and_names_the_joint() -> None:
    audit = make()
    feed(audit, [0.0, 0.0, 0.0, 0.0, 0.1, 0.1])
    found = {violation.quantity for violation in audit.violations}
    assert {Quantity.VELOCITY, Quantity.ACCELERATION, Quantity.JERK} <= found
    first = audit.violations[0]
    assert (first.joint, first.quantity, first.limit) == (2, Quantity.VELOCITY, 3.0)
    assert first.value == pytest.approx(10.0)
    assert first.time == pytest.approx(0.04)


def test_jerk_alone_is_found() -> None:
    audit = make()
    # Acceleration jumps from 0 to 10 rad/s^2 in one period: 1000 rad/s^3.
    feed(audit, [0.0, 0.0, 0.0, 0.001, 0.003, 0.006])
    assert {violation.quantity for violation in audit.violations} == {Quantity.JERK}
    assert audit.peaks.jerk == pytest.approx(1000.0)


def test_first_command_is_judged_as_a_step_from_the_setpoint() -> None:
    audit = make()
    audit.record_command(0.0, np.array([0.05]), np.array([0.0]))
    assert audit.violations[0].value == pytest.approx(5.0)


def test_jitter_of_receipt_is_no_violation() -> None:
    audit = make()
    random = np.random.default_rng(1)
    for index, position in enumerate(smooth(1.0, 1.0)):
        audit.record_command(index * PERIOD + random.uniform(0, 0.008), np.array([position]), np.zeros(1))
    assert audit.num_violations == 0


def test_stream_sent_too_fast_shows_in_the_received_velocity() -> None:
    audit = make()
    feed(audit, smooth(1.0, 1.0), period=PERIOD / 2)
    assert {violation.quantity for violation in audit.violations} == {Quantity.RECEIVED_VELOCITY}
    assert audit.peaks.received_velocity > 3.0


def test_new_stream_may_begin_anywhere() -> None:
    audit = make()
    feed(audit, [0.0, 0.0])
    audit.start_stream()
    audit.record_command(1.0, np.array([0.0, 2.0]), np.array([0.0, 2.0]))
    assert audit.violations == ()


def test_reset_forgets() -> None:
    audit = make()
    feed(audit, [0.0, 1.0])
    audit.record_plant(np.array([-2.0, 1.0]))
    assert audit.peaks.plant_velocity == 2.0
    audit.reset()
    assert audit.violations == ()
    assert audit.num_violations == 0
    assert audit.num_commands == 0
    assert audit.peaks.velocity == audit.peaks.jerk == audit.peaks.plant_velocity == 0.0


def test_only_the_first_violations_are_kept_but_all_are_counted() -> None:
    audit = make()
    feed(audit, [float(index % 2) for index in range(1000)])
    assert len(audit.violations) == 1000
    assert audit.num_violations > 2000


def test_period_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"period is 0\.0"):
        MotionAudit(LIMITS, 0.0, resolution=0.0)
