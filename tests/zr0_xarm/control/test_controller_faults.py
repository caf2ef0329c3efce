"""What the controller does when the arm or its link fails, tick by tick."""

import pytest
from zr0_test_support.controller_bench import ControllerBench
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.senders import MotionMode
from zr0_xarm.control.status import ControllerState, Finding, Reason
from zr0_xarm.errors import ArmLinkError, ArmNotReadyError


def test_an_arm_error_is_a_fault_in_words_and_nothing_more_is_sent(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.arm_state = 4
    bench.tick()
    assert bench.is_(ControllerState.FAULT)
    assert bench.controller.reason.text == "the arm left motion by itself: state 4, stopped"
    bench.arm.error = 31
    sent = len(bench.arm.sent)
    bench.tick(3)
    assert bench.reason is Reason.ARM_ERROR
    assert "C31: a collision" in bench.controller.reason.text
    assert len(bench.arm.sent) == sent


@pytest.mark.parametrize("code", [1, 2, 3])
def test_emergency_stops_are_told_from_errors(bench: ControllerBench, code: int) -> None:
    bench.arm.error = code
    bench.tick()
    assert bench.reason is Reason.EMERGENCY_STOP


def test_another_mode_is_a_fault(bench: ControllerBench) -> None:
    bench.arm.mode = 0
    bench.tick()
    assert bench.controller.reason.text == "the arm is in mode 0, expected 1: another client has changed it"


def test_lost_reports_brake_the_arm_then_are_a_fault(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.report_age_ns = 110_000_000
    assert bench.ticks_to_silence() == 1
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.REPORT_STALE
    with pytest.raises(RefusalError, match="the arm has not reported for"):
        bench.offer()
    bench.arm.report_age_ns = 1_200_000_000
    bench.tick()
    assert bench.is_(ControllerState.FAULT)


def test_answers_without_reports_brake_the_arm_sooner(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.reported = bench.arm.state()
    assert bench.ticks_to_silence() <= 5
    assert bench.reason is Reason.REPORT_STALE
    assert "commands that it has answered" in bench.controller.reason.text


def test_an_arm_that_braked_goes_on_from_where_it_stands(bench: ControllerBench) -> None:
    bench.move()
    bench.controller.brake(Finding(reason=Reason.OPERATOR, text="told to"), bench.now)
    bench.ticks_to_silence()
    bench.offer()
    bench.tick(40)
    assert bench.is_(ControllerState.TRACKING)
    bench.assert_limits()


def test_planned_modes_cannot_brake_by_silence_and_get_a_target_to_stop_at() -> None:
    bench = ControllerBench(MotionMode.PLANNED_JOINT)
    bench.offer()
    bench.tick(40)
    sent = len(bench.arm.targets)
    bench.controller.brake(Finding(reason=Reason.OPERATOR, text="told to"), bench.now)
    bench.tick(2)
    assert bench.is_(ControllerState.STOPPING)
    assert len(bench.arm.targets) > sent


def test_a_box_that_does_not_answer_gets_nothing_more(bench: ControllerBench) -> None:
    bench.move()
    sent = len(bench.arm.sent)
    bench.arm.is_silent = True
    bench.tick(20)
    assert bench.is_(ControllerState.STOPPING)
    assert bench.reason is Reason.REPLY_TIMEOUT
    assert len(bench.arm.sent) == sent
    with pytest.raises(RefusalError, match="does not answer"):
        bench.offer()
    bench.arm.is_silent = False
    bench.tick(12)
    assert bench.is_(ControllerState.HOLDING)
    bench.assert_limits()


def test_a_box_that_stays_silent_is_a_fault(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.is_silent = True
    bench.tick(110)
    assert bench.is_(ControllerState.FAULT)
    assert bench.reason is Reason.REPLY_TIMEOUT


def test_a_lost_link_is_a_fault(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.problem = ArmLinkError("gone")
    bench.tick()
    assert bench.is_(ControllerState.FAULT)
    assert bench.reason is Reason.LINK_LOST
    assert bench.controller.reason.text == "the link to the control box is lost (gone); restore it, then recover"


def test_a_command_that_is_not_taken_is_a_fault(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.problem = ArmNotReadyError("stopped")
    bench.tick()
    assert bench.is_(ControllerState.FAULT)


def test_an_arm_that_does_not_follow_is_a_fault_and_stops_within_limits(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.offset = 0.25
    sent = len(bench.arm.sent)
    bench.tick(20)
    assert bench.is_(ControllerState.FAULT)
    assert bench.reason is Reason.TRACKING_ERROR
    assert "is 0.250 rad from where it is commanded" in bench.controller.reason.text
    command = bench.controller.report().command
    assert command is not None
    assert command.is_at_rest
    assert 5 <= len(bench.arm.sent) - sent <= 8
    bench.assert_limits()


def test_recovery_commands_what_is_measured(bench: ControllerBench) -> None:
    bench.move()
    bench.arm.problem = ArmNotReadyError("stopped")
    bench.tick()
    bench.arm.problem = None
    bench.arm.positions = bench.arm.positions - 0.05
    bench.controller.begin_holding(Finding(reason=Reason.RECOVERED, text="recovered"))
    measured = bench.arm.positions
    bench.tick(3)
    assert all((sent == measured).all() for sent in bench.arm.sent[-3:])
