"""Watch the arm's reports."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from zr0_core.types import ArmState, FloatArray

from zr0_xarm.codes import EMERGENCY_STOP_ERRORS, describe_error, describe_state
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import Finding, Reason
from zr0_xarm.motion.command_state import CommandState

NS = 1e-9
MOVING_STATES = (0, 1, 2)
"""States in which the arm takes motion commands."""
UNREPORTED_ANSWERS = 3
"""Commands that the box may answer without a report: then its reports are lost, and not the machine busy."""


class Response(Enum):
    """What is to be done about an arm."""

    BRAKE = auto()
    """Stop it, and go on when this has passed."""
    FAULT = auto()
    """It does not follow commands any more."""
    FAULT_AFTER_STOP = auto()
    """It may still follow: stop it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong with an arm."""

    finding: Finding
    """It, in words."""
    response: Response
    """What is to be done."""


class ArmWatch:
    """Says what is wrong with an enabled arm, from its newest report."""

    def __init__(self, settings: ControllerSettings, joint_names: tuple[str, ...]) -> None:
        """Make a watch.

        Args:
            settings: Timeouts, limits and the mode that the arm must be in.
            joint_names: For messages.
        """
        self._report_timeout = settings.report_timeout
        self._silence_fault_time = settings.silence_fault_time
        self._tracking_error_limit = settings.tracking_error_limit
        self._mode = settings.motion_mode.arm_mode
        self._joint_names = joint_names
        self._reported_ns, self._num_answers = 0, 0

    def verdict(
        self, arm: ArmState | None, now_ns: int, command: CommandState | None, *, is_moving: bool, is_late: bool
    ) -> Verdict | None:
        """Judge an enabled arm that reports no error; None when all is well.

        Args:
            arm: The newest report.
            now_ns: The present, ns since the epoch.
            command: What the arm is commanded; None if it is not.
            is_moving: Whether it is commanded to move.
            is_late: Whether ages cannot be judged now.
        """
        stale = None if is_late else self.report_finding(arm, now_ns, is_moving=is_moving)
        if stale is not None:
            limit = self._report_timeout + self._silence_fault_time
            if arm is None or (now_ns - arm.stamp_ns) * NS > limit:
                return Verdict(finding=stale, response=Response.FAULT_AFTER_STOP)
            return Verdict(finding=stale, response=Response.BRAKE) if is_moving else None
        if arm is None or command is None:
            return None
        finding = self.state_finding(arm)
        if finding is not None:
            return Verdict(finding=finding, response=Response.FAULT)
        finding = self.tracking_finding(arm, command.positions)
        return None if finding is None else Verdict(finding=finding, response=Response.FAULT_AFTER_STOP)

    def note_answer(self) -> None:
        """Take in that the arm has answered a command."""
        self._num_answers += 1

    def report_finding(self, arm: ArmState | None, now_ns: int, *, is_moving: bool = False) -> Finding | None:
        """Say whether reports have stopped.

        Args:
            arm: The newest report.
            now_ns: The present, ns since the epoch.
            is_moving: Whether to conclude it from answers without reports already, before the time is over.
        """
        if arm is None:
            return Finding(reason=Reason.REPORT_STALE, text="the arm has not reported yet")
        age = (now_ns - arm.stamp_ns) * NS
        if age > self._report_timeout:
            return Finding(
                reason=Reason.REPORT_STALE,
                text=f"the arm has not reported for {age:.3f} s, limit {self._report_timeout} s",
            )
        if arm.stamp_ns != self._reported_ns:
            self._reported_ns, self._num_answers = arm.stamp_ns, 0
        if is_moving and self._num_answers > UNREPORTED_ANSWERS:
            text = f"the arm has not reported for {self._num_answers} commands that it has answered"
            return Finding(reason=Reason.REPORT_STALE, text=text)
        return None

    def error_finding(self, arm: ArmState) -> Finding | None:
        """Say whether the arm has stopped itself, and why as far as it is known."""
        if arm.error_code:
            is_stop = arm.error_code in EMERGENCY_STOP_ERRORS
            return Finding(
                reason=Reason.EMERGENCY_STOP if is_stop else Reason.ARM_ERROR, text=describe_error(arm.error_code)
            )
        return None

    def state_finding(self, arm: ArmState) -> Finding | None:
        """Say whether the arm is in a state or mode in which it does not follow commands."""
        if arm.state not in MOVING_STATES:
            return Finding(
                reason=Reason.ARM_ERROR,
                text=f"the arm left motion by itself: state {arm.state}, {describe_state(arm.state)}",
            )
        if arm.mode != self._mode:
            return Finding(
                reason=Reason.ARM_ERROR,
                text=f"the arm is in mode {arm.mode}, expected {self._mode}: another client has changed it",
            )
        return None

    def tracking_finding(self, arm: ArmState, commanded: FloatArray) -> Finding | None:
        """Say whether the arm is not where it is commanded, (N,) rad."""
        errors = np.abs(arm.positions - commanded)
        joint = int(errors.argmax())
        if errors[joint] <= self._tracking_error_limit:
            return None
        return Finding(
            reason=Reason.TRACKING_ERROR,
            text=f"{self._joint_names[joint]} is {errors[joint]:.3f} rad from where it is commanded, "
            f"limit {self._tracking_error_limit} rad",
        )
