"""How commands reach the arm: by our own interpolation, or as sparse targets for the arm's planner."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray

from zr0_xarm.arm import Arm
from zr0_xarm.motion.command_state import CommandState

LARGEST_TOOL_SPEED = 0.5
"""m/s."""
TOOL_ACCELERATION = 5.0
"""m/s^2."""


class MotionMode(StrEnum):
    """Who interpolates."""

    SERVO_JOINT = "servo_joint"
    """This controller, at the control rate, in the arm's servo mode."""
    PLANNED_JOINT = "planned_joint"
    """The arm, from one joint target per row."""
    PLANNED_POSE = "planned_pose"
    """The arm, from one tool pose per row."""

    @property
    def arm_mode(self) -> int:
        """The arm's own number of the mode."""
        return {MotionMode.SERVO_JOINT: 1, MotionMode.PLANNED_JOINT: 6, MotionMode.PLANNED_POSE: 7}[self]


@dataclass(frozen=True, kw_only=True)
class Command:
    """One tick's command."""

    state: CommandState
    """Where the arm is to be at the next tick."""
    ahead: FloatArray
    """Where it is to be `Sender.lookahead` later, (N,), rad."""
    is_urgent: bool
    """Whether what was sent before no longer holds: the motion has just changed."""
    is_stop: bool
    """Whether the arm is being stopped; `ahead` is then where it is to stand."""


class Sender(Protocol):
    """Passes commands on to the arm."""

    @property
    def lookahead(self) -> float:
        """How far ahead `Command.ahead` has to look, s."""

    def send(self, command: Command) -> None:
        """Pass one tick's command on.

        Raises:
            ArmError: The arm does not take it.
        """


class ServoSender:
    """Sends every sample in servo mode."""

    lookahead = 0.0

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def send(self, command: Command) -> None:
        """Send the sample."""
        self._arm.send_servo(command.state.positions)


class PlannedSender:
    """Sends one target per row, and at once when the motion changes, to the arm's online planning.

    The speed asked for is what the next target needs, with a reserve of 30 %, so that the arm arrives a little early
    instead of racing to every target and waiting there.
    """

    def __init__(self, arm: Arm, embodiment: Embodiment, mode: MotionMode) -> None:
        self._arm = arm
        self._chain = embodiment.chain
        self._mode = mode
        self._limits = embodiment.arm.hardware_limits
        self._largest_velocity = embodiment.arm.motion_limits.velocity
        self._period = max(round(embodiment.action.step_period * embodiment.control_rate), 1)
        self._tick = 0
        self.lookahead = 1.5 * embodiment.action.step_period

    def send(self, command: Command) -> None:
        """Send the target if it is due."""
        self._tick = 0 if command.is_urgent else (self._tick + 1) % self._period
        if self._tick:
            return
        if self._mode is MotionMode.PLANNED_JOINT:
            needed = float(np.abs(command.ahead - command.state.positions).max()) / self.lookahead
            speed = float(np.clip(1.3 * needed, 0.05, self._largest_velocity))
            if command.is_stop:
                speed = self._largest_velocity
            self._arm.send_joint_target(command.ahead, speed, self._limits.acceleration)
            return
        pose = self._chain.forward(command.ahead)
        here = self._chain.forward(command.state.positions)
        needed = float(np.linalg.norm(pose[:3, 3] - here[:3, 3])) / self.lookahead
        speed = LARGEST_TOOL_SPEED if command.is_stop else float(np.clip(1.3 * needed, 0.05, LARGEST_TOOL_SPEED))
        self._arm.send_tool_target(pose, speed, TOOL_ACCELERATION)


class DrySender:
    """Sends nothing."""

    lookahead = 0.0

    def send(self, command: Command) -> None:
        """Drop the command."""


def make_sender(arm: Arm, embodiment: Embodiment, mode: MotionMode, *, is_dry_run: bool) -> Sender:
    """Make the sender of a motion mode."""
    if is_dry_run:
        return DrySender()
    if mode is MotionMode.SERVO_JOINT:
        return ServoSender(arm)
    return PlannedSender(arm, embodiment, mode)
