"""The controller's states, tick by tick, with a clock of our own and an arm that does what is sent."""

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import ActionChunk, ArmState, FloatArray
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.controller import Controller
from zr0_xarm.control.senders import MotionMode
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ControllerState, Finding, Reason
from zr0_xarm.errors import ArmError, ArmLinkError, ArmNotReadyError, ArmReplyTimeoutError, RequestRefusedError

ROBOT = Embodiment.load("xarm7_gripper")
TICK = 10_000_000
RUNNING, WAITING = 1, 2
STARTED = Finding(reason=Reason.STARTED, text="started")


class FollowingArm:
    """An arm that is at once where it is commanded, in radians, and remembers what it was sent."""

    def __init__(self) -> None:
        self.positions = ROBOT.home
        self.lower, self.upper = ROBOT.lower, ROBOT.upper
        self.is_linked = True
        self.error = 0
        self.arm_state = 1
        self.mode = 1
        self.now_ns = 0
        self.report_age_ns = 0
        self.is_silent = False
        self.problem: ArmError | None = None
        self.sent: list[FloatArray] = []
        self.targets: list[tuple[FloatArray, float]] = []
        self.gripper: list[float] = []

    def state(self) -> ArmState:
        return ArmState(
            stamp_ns=self.now_ns - self.report_age_ns,
            positions=self.positions,
            mode=self.mode,
            state=self.arm_state,
            error_code=self.error,
            warning_code=0,
        )

    def gripper_position(self) -> float | None:
        return 0.0

    def gripper_problem(self) -> str:
        return ""

    def answers(self) -> bool:
        if self.is_silent:
            raise ArmReplyTimeoutError("no answer")
        return True

    def send_servo(self, positions: FloatArray) -> None:
        if self.problem:
            raise self.problem
        self.sent.append(positions)
        self.positions = positions

    def send_joint_target(self, positions: FloatArray, velocity: float, acceleration: float) -> None:
        del acceleration
        self.targets.append((positions, velocity))

    def set_gripper(self, position: float) -> None:
        self.gripper.append(position)

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def enable(self, mode: int) -> None: ...
    def disable(self) -> None: ...
    def rest(self) -> None: ...
    def clear_faults(self) -> None: ...
    def emergency_stop(self) -> None: ...
    def send_tool_target(self, pose_base_tool: FloatArray, velocity: float, acceleration: float) -> None: ...


class Bench:
    """A controller on a bench: a clock, an arm, a policy."""

    def __init__(self, mode: MotionMode = MotionMode.SERVO_JOINT) -> None:
        self.now = 1_700_000_000_000_000_000
        self.arm = FollowingArm()
        self.arm.now_ns = self.now
        self.arm.mode = mode.arm_mode
        self.controller = Controller(ROBOT, self.arm, ControllerSettings(motion_mode=mode))
        self.controller.begin_holding(STARTED)
        self.is_alive = True
        self.sequence = 0

    def tick(self, count: int = 1, *, is_late: bool = False) -> None:
        for _ in range(count):
            self.now += TICK
            self.arm.now_ns = self.now
            if self.is_alive:
                self.controller.policy.note_status(RUNNING, "", self.now)
            self.controller.tick(self.now, is_late=is_late)

    def offer(self, speed: float = 0.5, rows: int = 16, *, is_alive: bool = True, **changes: object) -> None:
        self.sequence += 1
        times = 0.1 * np.arange(1, rows + 1) - 0.1
        actions = np.tile([*self.arm.positions, 0.3], (rows, 1))
        actions[:, 0] += speed * np.maximum(times, 0.0)
        values: dict[str, object] = {
            "embodiment": ROBOT.name,
            "embodiment_hash": ROBOT.content_hash,
            "names": ROBOT.action.names,
            "actions": actions,
            "step_period_s": 0.1,
            "observation_stamp_ns": self.now - 100_000_000,
            "sequence": self.sequence,
            "num_executed_assumed": 0,
        }
        if is_alive:
            self.controller.policy.note_status(RUNNING, "", self.now)
        self.controller.offer(ActionChunk(**(values | changes)), self.now)  # type: ignore[arg-type]

    def move(self) -> None:
        self.offer()
        self.tick(40)
        assert self.is_(ControllerState.TRACKING)
        assert self.speed() > 0.4

    def is_(self, state: ControllerState) -> bool:
        return self.controller.state is state

    @property
    def reason(self) -> Reason:
        return self.controller.reason.reason

    def speed(self) -> float:
        return float(np.abs(self.arm.sent[-1] - self.arm.sent[-2]).max() / 0.01)

    def ticks_to_stand(self) -> int:
        for count in range(1, 50):
            self.tick()
            if self.speed() < 1e-9:
                return count
        raise AssertionError("the arm does not come to stand")

    def assert_limits(self) -> None:
        samples = np.array(self.arm.sent)
        hardware = ROBOT.arm.hardware_limits
        for order, limit in ((1, hardware.velocity), (2, hardware.acceleration), (3, hardware.jerk)):
            assert np.abs(np.diff(samples, order, axis=0)).max() / 0.01**order <= limit + 1e-6


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_holds_until_a_chunk_comes(bench: Bench) -> None:
    bench.tick(5)
    assert bench.is_(ControllerState.HOLDING)
    assert all((sent == ROBOT.home).all() for sent in bench.arm.sent)
    bench.offer()
    bench.tick()
    assert bench.is_(ControllerState.TRACKING)


def test_a_chunk_is_followed_and_ends_at_rest_at_its_last_row(bench: Bench) -> None:
    bench.offer(speed=0.3)
    bench.tick(200)
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.CHUNK_EXHAUSTED
    assert bench.arm.positions[0] == pytest.approx(0.45, abs=0.03)
    motion = ROBOT.arm.motion_limits
    samples = np.array(bench.arm.sent)
    for order, limit in ((1, motion.velocity), (2, motion.acceleration), (3, motion.jerk)):
        assert np.abs(np.diff(samples, order, axis=0)).max() / 0.01**order <= limit + 1e-6


def test_the_arm_stands_when_the_last_row_is_due(bench: Bench) -> None:
    bench.offer(speed=0.3)
    bench.tick(152)
    assert bench.speed() < 1e-6


@pytest.mark.parametrize("state", [0, WAITING, 3])
def test_a_policy_that_stops_running_stops_the_arm_within_80_ms(bench: Bench, state: int) -> None:
    bench.move()
    bench.is_alive = False
    bench.controller.policy.note_status(state, "why", bench.now)
    assert bench.ticks_to_stand() <= 8
    assert bench.reason is Reason.POLICY_NOT_RUNNING
    bench.assert_limits()


def test_a_silent_policy_stops_the_arm(bench: Bench) -> None:
    bench.move()
    bench.is_alive = False
    assert bench.ticks_to_stand() <= 12
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.POLICY_SILENT
    bench.assert_limits()


def test_a_policy_known_to_be_gone_stops_the_arm_at_once(bench: Bench) -> None:
    bench.move()
    bench.is_alive = False
    bench.controller.policy.note_gone()
    assert bench.ticks_to_stand() <= 8
    assert bench.controller.reason.text == "the policy's process is gone"


def test_a_late_tick_does_not_judge_ages(bench: Bench) -> None:
    bench.move()
    bench.is_alive = False
    bench.now += 20 * TICK
    bench.arm.report_age_ns = 200_000_000
    bench.tick(is_late=True)
    assert bench.is_(ControllerState.TRACKING)
    bench.arm.report_age_ns = 0
    bench.tick()
    assert bench.reason is Reason.POLICY_SILENT


def test_skipped_time_is_caught_up_with_within_limits(bench: Bench) -> None:
    bench.move()
    bench.now += 8 * TICK
    bench.tick(30)
    assert bench.is_(ControllerState.TRACKING)
    bench.assert_limits()


def test_a_refused_chunk_stops_the_arm(bench: Bench) -> None:
    bench.move()
    with pytest.raises(RefusalError, match="it is for embodiment 'other'"):
        bench.offer(embodiment="other")
    assert bench.ticks_to_stand() <= 8
    assert bench.reason is Reason.CHUNK_REFUSED
    report = bench.controller.report()
    assert (report.num_chunks_accepted, report.num_chunks_refused) == (1, 1)
    assert "'other'" in report.last_refusal
    bench.assert_limits()


def test_a_chunk_that_comes_during_a_stop_is_played_after_it(bench: Bench) -> None:
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


def test_a_new_run_counts_its_chunks_anew(bench: Bench) -> None:
    bench.move()
    bench.is_alive = False
    bench.tick(20)
    bench.is_alive = True
    bench.sequence = 0
    bench.offer()
    assert bench.controller.report().num_chunks_refused == 0


def test_without_a_policy_chunks_are_refused(bench: Bench) -> None:
    bench.is_alive = False
    bench.tick(20)
    with pytest.raises(RefusalError, match="no policy has reported yet"):
        bench.controller.offer(object(), bench.now)  # type: ignore[arg-type]


def test_an_arm_error_is_a_fault_in_words_and_nothing_more_is_sent(bench: Bench) -> None:
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
def test_emergency_stops_are_told_from_errors(bench: Bench, code: int) -> None:
    bench.arm.error = code
    bench.tick()
    assert bench.reason is Reason.EMERGENCY_STOP


def test_another_mode_is_a_fault(bench: Bench) -> None:
    bench.arm.mode = 0
    bench.tick()
    assert bench.controller.reason.text == "the arm is in mode 0, expected 1: another client has changed it"


def test_lost_reports_stop_the_arm_then_are_a_fault(bench: Bench) -> None:
    bench.move()
    bench.arm.report_age_ns = 110_000_000
    bench.tick(12)
    assert bench.is_(ControllerState.HOLDING)
    assert bench.reason is Reason.REPORT_STALE
    with pytest.raises(RefusalError, match="the arm has not reported for"):
        bench.offer()
    bench.arm.report_age_ns = 1_200_000_000
    bench.tick()
    assert bench.is_(ControllerState.FAULT)
    bench.assert_limits()


def test_answers_without_reports_stop_the_arm_sooner(bench: Bench) -> None:
    bench.move()
    frozen = bench.arm.state()
    bench.arm.state = lambda: frozen  # type: ignore[method-assign]
    assert bench.ticks_to_stand() <= 12
    assert bench.reason is Reason.REPORT_STALE
    assert "commands that it has answered" in bench.controller.reason.text
    bench.assert_limits()


def test_a_chunk_that_comes_before_a_late_status_waits_for_it(bench: Bench) -> None:
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


def test_a_box_that_does_not_answer_gets_nothing_more(bench: Bench) -> None:
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


def test_a_box_that_stays_silent_is_a_fault(bench: Bench) -> None:
    bench.move()
    bench.arm.is_silent = True
    bench.tick(110)
    assert bench.is_(ControllerState.FAULT)
    assert bench.reason is Reason.REPLY_TIMEOUT


def test_a_lost_link_is_a_fault(bench: Bench) -> None:
    bench.move()
    bench.arm.problem = ArmLinkError("gone")
    bench.tick()
    assert bench.is_(ControllerState.FAULT)
    assert bench.reason is Reason.LINK_LOST
    assert bench.controller.reason.text == "the link to the control box is lost (gone); restore it, then recover"


def test_a_command_that_is_not_taken_is_a_fault(bench: Bench) -> None:
    bench.move()
    bench.arm.problem = ArmNotReadyError("stopped")
    bench.tick()
    assert bench.is_(ControllerState.FAULT)


def test_an_arm_that_does_not_follow_is_a_fault_and_stops_within_limits(bench: Bench) -> None:
    bench.move()
    displaced = bench.arm.positions + 0.25
    bench.arm.state = lambda: ArmState(  # type: ignore[method-assign]
        stamp_ns=bench.now, positions=displaced, mode=1, state=1, error_code=0, warning_code=0
    )
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


def test_recovery_commands_what_is_measured(bench: Bench) -> None:
    bench.move()
    bench.arm.problem = ArmNotReadyError("stopped")
    bench.tick()
    bench.arm.problem = None
    bench.arm.positions = bench.arm.positions - 0.05
    bench.controller.begin_holding(Finding(reason=Reason.RECOVERED, text="recovered"))
    measured = bench.arm.positions
    bench.tick(3)
    assert all((sent == measured).all() for sent in bench.arm.sent[-3:])


def test_a_hold_latches_until_released(bench: Bench) -> None:
    bench.move()
    bench.controller.hold(Finding(reason=Reason.OPERATOR, text="held"), is_latched=True)
    assert bench.ticks_to_stand() <= 8
    with pytest.raises(RefusalError, match="the operator holds the arm; call ~/enable with true"):
        bench.offer()
    bench.controller.release()
    bench.offer()
    assert bench.is_(ControllerState.TRACKING)


def test_home_is_reached_within_the_limits_for_policies(bench: Bench) -> None:
    bench.offer(speed=0.3)
    bench.tick(200)
    sent = len(bench.arm.sent)
    bench.controller.begin_homing()
    with pytest.raises(RefusalError, match="the controller is HOMING"):
        bench.offer()
    bench.tick(120)
    assert bench.is_(ControllerState.HOLDING)
    assert bench.controller.reason.text == "at the home position"
    assert bench.arm.positions == pytest.approx(ROBOT.home)
    samples = np.array(bench.arm.sent[sent:])
    assert np.abs(np.diff(samples, 3, axis=0)).max() / 1e-6 <= ROBOT.arm.motion_limits.jerk + 1e-6


def test_home_is_refused_in_motion(bench: Bench) -> None:
    bench.move()
    with pytest.raises(RequestRefusedError, match="only from HOLDING, the controller is TRACKING"):
        bench.controller.begin_homing()


def test_rows_that_swing_past_a_joint_limit_stop_before_it(bench: Bench) -> None:
    bench.arm.positions = ROBOT.home
    bench.arm.positions[6] = ROBOT.upper[6] - 0.5
    bench.controller.begin_holding(STARTED)
    actions = np.tile([*bench.arm.positions, 0.0], (16, 1))
    actions[1:, 6] += np.minimum(0.1 * np.arange(1, 16), 0.5)
    bench.offer(actions=actions)
    bench.tick(200)
    assert max(sent[6] for sent in bench.arm.sent) <= ROBOT.upper[6] + 1e-9
    bench.assert_limits()


def test_the_gripper_follows_the_chunk(bench: Bench) -> None:
    bench.move()
    assert bench.arm.gripper[0] == pytest.approx(0.02)
    assert bench.arm.gripper[-1] == pytest.approx(0.3)


def test_planned_modes_send_one_target_per_row_and_one_at_a_stop() -> None:
    bench = Bench(MotionMode.PLANNED_JOINT)
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
