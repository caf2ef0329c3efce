"""A controller with a clock of our own and an arm that does what is sent."""

import itertools
from typing import Any

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import ActionChunk, ArmState, FloatArray
from zr0_xarm.control.controller import Controller
from zr0_xarm.control.senders import MotionMode
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ControllerState, Finding, Reason
from zr0_xarm.errors import ArmError, ArmReplyTimeoutError

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
        self.reported: ArmState | None = None
        """What it reports whatever it does; None for what it does."""
        self.offset = 0.0
        """How far it stands from where it is commanded, rad."""
        self.problem: ArmError | None = None
        self.sent: list[FloatArray] = []
        self.sent_at: list[int] = []
        self.targets: list[tuple[FloatArray, float]] = []
        self.gripper: list[float] = []

    def state(self) -> ArmState:
        if self.reported is not None:
            return self.reported
        return ArmState(
            stamp_ns=self.now_ns - self.report_age_ns,
            positions=self.positions + self.offset,
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
        self.sent_at.append(self.now_ns)
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


class ControllerBench:
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

    def offer(self, speed: float = 0.5, rows: int = 16, *, is_alive: bool = True, **changes: Any) -> None:
        self.sequence += 1
        times = 0.1 * np.arange(1, rows + 1) - 0.1
        actions = np.tile([*self.arm.positions, 0.3], (rows, 1))
        actions[:, 0] += speed * np.maximum(times, 0.0)
        values: dict[str, Any] = {
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
        self.controller.offer(ActionChunk(**(values | changes)), self.now)

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

    def ticks_to_silence(self) -> int:
        """Tick until nothing more is sent, which is how the arm brakes, and on until the last command is sent again."""
        for count in range(1, 50):
            num_sent = len(self.arm.sent)
            self.tick()
            if len(self.arm.sent) == num_sent:
                self.tick(8)
                assert len(self.arm.sent) == num_sent
                self.tick(3)
                assert len(self.arm.sent) > num_sent
                assert np.array_equal(self.arm.sent[-1], self.arm.sent[num_sent - 1])
                return count
        raise AssertionError("commands do not cease")

    def ticks_to_stand(self) -> int:
        for count in range(1, 50):
            self.tick()
            if self.speed() < 1e-9:
                return count
        raise AssertionError("the arm does not come to stand")

    def assert_limits(self) -> None:
        """Check the commands; after a pause in which the arm has come to rest they begin anew, from rest."""
        pauses = np.diff(self.arm.sent_at)
        assert not ((pauses >= 4 * TICK) & (pauses < 10 * TICK)).any(), "the arm brakes, and does not rest yet"
        starts = [0, *(np.flatnonzero(pauses >= 10 * TICK) + 1), len(self.arm.sent)]
        hardware = ROBOT.arm.hardware_limits
        for order, limit in ((1, hardware.velocity), (2, hardware.acceleration), (3, hardware.jerk)):
            for start, end in itertools.pairwise(starts):
                resting = self.arm.sent[max(start - 1, 0)]
                samples = np.array([*[resting] * 3, *self.arm.sent[start:end]])
                assert np.abs(np.diff(samples, order, axis=0)).max() / 0.01**order <= limit + 1e-6
