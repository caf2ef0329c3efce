"""Tests of zr0_bringup.session.judgement."""

from dataclasses import replace

import pytest
from zr0_bringup.session.judgement import Spread, judge, tracking_error
from zr0_bringup.session.record import SessionRecord
from zr0_core.embodiment import MotionLimits
from zr0_test_support.session_samples import controller_sample, episode_result

LIMITS = MotionLimits(velocity=3.0, acceleration=20.0, jerk=500.0)


def test_a_good_session_has_neither_failures_nor_warnings(record: SessionRecord) -> None:
    judgement = judge(record, LIMITS, is_success_expected=True)
    assert judgement.failures == ()
    assert judgement.warnings == ()
    assert judgement.num_chunks_accepted == 10
    assert judgement.chunk_age == Spread(median_s=0.05, p99_s=0.05, max_s=0.05)
    assert judgement.inference_time.median_s == 0.03


def test_refused_chunks_are_a_failure_with_their_reason(record: SessionRecord) -> None:
    record.controller.append(controller_sample(11.0, num_refused=2, last_refusal="NaN in row 3"))
    (failure,) = judge(record, LIMITS, is_success_expected=True).failures
    assert failure == "the controller refused 2 chunks; the last one: NaN in row 3"


def test_chunks_that_grow_older_are_a_failure(record: SessionRecord) -> None:
    record.chunks[:] = [replace(chunk, age_s=0.05 * chunk.sequence) for chunk in record.chunks]
    judgement = judge(record, LIMITS, is_success_expected=True)
    assert judgement.chunk_age_growth_s == pytest.approx(0.05 * 8 - 0.05 * 2)
    assert judgement.failures == ("chunks grew 0.30 s older during an episode: something queues up",)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_velocity", 3.1, "velocity of 3.1 rad/s, the limit is 3"),
        ("max_acceleration", 21.0, "acceleration of 21 rad/s^2, the limit is 20"),
        ("max_jerk", 501.0, "jerk of 501 rad/s^3, the limit is 500"),
    ],
)
def test_a_command_beyond_what_the_arm_allows_is_a_failure(
    record: SessionRecord, name: str, value: float, words: str
) -> None:
    record.episodes[:] = [episode_result(**{name: value})]
    (failure,) = judge(record, LIMITS, is_success_expected=True).failures
    assert words in failure


def test_success_is_only_asked_of_who_can(record: SessionRecord) -> None:
    record.episodes[:] = [episode_result(is_success=False, progress=42.0)]
    assert judge(record, LIMITS, is_success_expected=False).failures == ()
    (failure,) = judge(record, LIMITS, is_success_expected=True).failures
    assert failure == "episode 1 (seed 4) reached 42 of 100 only"


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_a_policy_that_did_not_run_is_a_failure(record: SessionRecord, outcome: str) -> None:
    record.episodes[:] = [episode_result(outcome=outcome, reason="no camera")]
    assert judge(record, LIMITS, is_success_expected=False).failures == (f"episode 1: the policy {outcome}: no camera",)


def test_an_episode_without_chunks_is_a_failure(record: SessionRecord) -> None:
    record.episodes[:] = [episode_result(num_chunks=0)]
    assert judge(record, LIMITS, is_success_expected=True).failures == ("episode 1: the policy published no chunk",)


def test_each_fault_is_told_once(record: SessionRecord) -> None:
    record.controller[50:53] = [
        controller_sample(5.0 + step * 0.1, state="fault", reason="emergency stop") for step in range(3)
    ]
    failures = judge(record, LIMITS, is_success_expected=True).failures
    assert failures == ("the controller went into fault at 5.0 s: emergency stop",)


def test_what_a_busy_machine_does_is_a_warning(record: SessionRecord) -> None:
    record.controller.append(controller_sample(11.0, num_ticks=900, num_ticks_missed=3))
    record.sim[:] = [replace(sample, real_time_factor=0.5) for sample in record.sim]
    judgement = judge(record, LIMITS, is_success_expected=True)
    assert judgement.failures == ()
    assert judgement.warnings == (
        "3 of 900 servo ticks were over 20 ms late: the machine is too busy",
        "the simulation ran at 0.50 of real time: the machine is too busy",
    )


def test_untrained_weights_are_told(record: SessionRecord) -> None:
    record.policy[:] = [replace(sample, is_trained=False) for sample in record.policy]
    (warning,) = judge(record, LIMITS, is_success_expected=True).warnings
    assert "untrained" in warning


def test_tracking_error_is_that_of_the_arm_joints_at_the_same_time(record: SessionRecord) -> None:
    assert tracking_error(record) == pytest.approx(0.01)


def test_nothing_recorded_is_no_error() -> None:
    judgement = judge(SessionRecord(joint_names=("joint1", "grip")), LIMITS, is_success_expected=True)
    assert judgement.failures == ()
    assert judgement.tracking_error_rad == 0.0
    assert judgement.chunk_age == Spread(median_s=0.0, p99_s=0.0, max_s=0.0)
