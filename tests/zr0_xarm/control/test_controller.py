"""What the controller does with chunks, tick by tick."""

import numpy as np
import pytest
from zr0_test_support.controller_bench import ROBOT, STARTED, TICK, WAITING, ControllerBench
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.senders import MotionMode
from zr0_xarm.control.status import ControllerState, Finding, Reason


def test_it_holds_until_a_chunk_comes(bench: ControllerBench) -> None:
    bench.tick(5)
    assert bench.is_(ControllerState.HOLDING)
    assert all((sent == ROBOT.home).all() for sent in bench.arm.sent)
    bench.offer()
    bench.tick()
    assert bench.is_(ControllerState.TRACKING)


def test_a_chunk_is_followed_and_ends_at_rest_at_its_last_row(bench: ControllerBench) -> None:
    bench.offer(speed=0.3)
    bench.tick(200)
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.CHUNK_EXHAUSTED
    assert bench.arm.positions[0] == pytest.approx(0.45, abs=0.03)
    motion = ROBOT.arm.motion_limits
    samples = np.array(bench.arm.sent)
    for order, limit in ((1, motion.velocity), (2, motion.acceleration), (3, motion.jerk)):
        assert np.abs(np.diff(samples, order, axis=0)).max() / 0.01**order <= limit + 1e-6


def test_the_arm_stands_when_the_last_row_is_due(bench: ControllerBench) -> None:
    bench.offer(speed=0.3)
    bench.tick(152)
    assert bench.speed() < 1e-6


@pytest.mark.parametrize("state", [0, WAITING, 3])
def test_a_policy_that_stops_running_stops_the_arm_within_80_ms(bench: ControllerBench, state: int) -> None:
    bench.move()
    bench.is_alive = False
    bench.controller.policy.note_status(state, "why", bench.now)
    assert bench.ticks_to_stand() <= 8
    assert bench.reason is Reason.POLICY_NOT_RUNNING
    bench.assert_limits()


def test_a_silent_policy_stops_the_arm(bench: ControllerBench) -> None:
    bench.move()
    bench.is_alive = False
    assert bench.ticks_to_silence() <= 5
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.POLICY_SILENT
    bench.assert_limits()


def test_a_held_arm_tells_what_the_policy_says_now(bench: ControllerBench) -> None:
    bench.move()
    bench.is_alive = False
    bench.ticks_to_silence()
    assert "silent" in bench.controller.reason.text
    bench.controller.policy.note_status(WAITING, "wrist is too old", bench.now)
    bench.tick()
    assert bench.reason is Reason.POLICY_NOT_RUNNING
    assert bench.controller.reason.text == "the policy is waiting for input: wrist is too old"
    bench.controller.hold(Finding(reason=Reason.OPERATOR, text="held"), is_latched=True)
    bench.tick(10)
    assert bench.controller.reason.text == "held"


def test_a_policy_known_to_be_gone_brakes_the_arm_at_once(bench: ControllerBench) -> None:
    bench.move()
    bench.is_alive = False
    bench.controller.policy.note_gone()
    assert bench.ticks_to_silence() == 1
    assert bench.controller.reason.text == "the policy's process is gone"


def test_a_late_tick_does_not_judge_ages(bench: ControllerBench) -> None:
    bench.move()
    bench.is_alive = False
    bench.now += 20 * TICK
    bench.arm.report_age_ns = 200_000_000
    bench.tick(is_late=True)
    assert bench.is_(ControllerState.TRACKING)
    bench.arm.report_age_ns = 0
    bench.tick()
    assert bench.reason is Reason.POLICY_SILENT


def test_one_skipped_tick_is_caught_up_with_within_limits(bench: ControllerBench) -> None:
    bench.move()
    bench.now += TICK
    bench.tick(30)
    assert bench.is_(ControllerState.TRACKING)
    bench.assert_limits()


@pytest.mark.parametrize("num_skipped", [3, 8, 20])
def test_after_an_interruption_the_arm_rests_and_goes_on_from_there(bench: ControllerBench, num_skipped: int) -> None:
    """The arm has begun to brake: going on at speed would be a jerk."""
    bench.move()
    bench.now += num_skipped * TICK
    bench.tick(50)
    assert max(np.diff(bench.arm.sent_at)) >= 10 * TICK
    assert bench.is_(ControllerState.TRACKING)
    assert bench.speed() > 0.2
    bench.assert_limits()


def test_a_refused_chunk_stops_the_arm(bench: ControllerBench) -> None:
    bench.move()
    with pytest.raises(RefusalError, match="it is for embodiment 'other'"):
        bench.offer(embodiment="other")
    assert bench.ticks_to_stand() <= 8
    assert bench.reason is Reason.CHUNK_REFUSED
    report = bench.controller.report()
    assert (report.num_chunks_accepted, report.num_chunks_refused) == (1, 1)
    assert "'other'" in report.last_refusal
    bench.assert_limits()


def test_a_chunk_that_comes_during_a_stop_is_played_after_it(bench: ControllerBench) -> None:
    bench.move()
    with pytest.raises(RefusalError):
        bench.offer(embodiment="other")
    bench.tick()
    assert bench.is_(ControllerState.STOPPING)
    bench.offer()
    bench.tick(12)
    assert bench.is_(ControllerState.TRACKING)
    assert bench.reason is Reason.NONE
    bench.assert_limits()


def test_a_new_run_counts_its_chunks_anew(bench: ControllerBench) -> None:
    bench.move()
    bench.is_alive = False
    bench.tick(20)
    bench.is_alive = True
    bench.sequence = 0
    bench.offer()
    assert bench.controller.report().num_chunks_refused == 0


def test_without_a_policy_chunks_are_refused(bench: ControllerBench) -> None:
    bench.is_alive = False
    bench.tick(20)
    with pytest.raises(RefusalError, match="no policy has reported yet"):
        bench.controller.offer(object(), bench.now)  # type: ignore[arg-type]


def test_a_chunk_that_comes_before_a_late_status_waits_for_it(bench: ControllerBench) -> None:
    bench.offer()
    bench.tick(10)
    bench.is_alive = False
    bench.tick(15)
    assert bench.is_(ControllerState.HOLDING)
    bench.sequence += 1
    late = bench.now
    bench.now += TICK
    bench.offer(is_alive=False)
    assert late < bench.now
    bench.tick()
    assert bench.is_(ControllerState.HOLDING)
    bench.is_alive = True
    bench.tick()
    assert bench.is_(ControllerState.TRACKING)
    assert bench.controller.report().num_chunks_refused == 0


def test_rows_that_swing_past_a_joint_limit_stop_before_it(bench: ControllerBench) -> None:
    bench.arm.positions = ROBOT.home
    bench.arm.positions[6] = ROBOT.upper[6] - 0.5
    bench.controller.begin_holding(STARTED)
    actions = np.tile([*bench.arm.positions, 0.0], (16, 1))
    actions[1:, 6] += np.minimum(0.1 * np.arange(1, 16), 0.5)
    bench.offer(actions=actions)
    bench.tick(200)
    assert max(sent[6] for sent in bench.arm.sent) <= ROBOT.upper[6] + 1e-9
    bench.assert_limits()


def test_the_gripper_follows_the_chunk(bench: ControllerBench) -> None:
    bench.move()
    assert bench.arm.gripper[0] == pytest.approx(0.02)
    assert bench.arm.gripper[-1] == pytest.approx(0.3)


def test_planned_modes_send_one_target_per_row_and_one_at_a_stop() -> None:
    bench = ControllerBench(MotionMode.PLANNED_JOINT)
    bench.controller._watch._tracking_error_limit = 10.0  # this arm does not move by targets
    bench.offer()
    bench.tick(50)
    assert 5 <= len(bench.arm.targets) <= 7
    assert all(0.05 <= speed <= 1.0 for _, speed in bench.arm.targets)
    before = len(bench.arm.targets)
    bench.is_alive = False
    bench.controller.policy.note_gone()
    bench.tick(3)
    assert len(bench.arm.targets) == before + 1
    end = bench.arm.targets[-1][0]
    bench.tick(20)
    state = bench.controller.report().command
    assert state is not None
    assert end == pytest.approx(state.positions)
