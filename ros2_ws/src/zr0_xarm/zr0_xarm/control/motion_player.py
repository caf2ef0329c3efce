"""What is commanded, and how it goes on: at rest, after a chunk, or along a plan."""

import numpy as np
from zr0_core.embodiment import Embodiment, MotionLimits
from zr0_core.types import FloatArray

from zr0_xarm.chunks.content import workspace_excess
from zr0_xarm.chunks.gate import WORKSPACE_MARGIN
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.control.senders import Command
from zr0_xarm.control.status import Finding, Reason
from zr0_xarm.motion.command_state import CommandState
from zr0_xarm.motion.follower import Follower
from zr0_xarm.motion.gripper_follower import GripperFollower
from zr0_xarm.motion.plans import Plan, plan_move, plan_stop
from zr0_xarm.motion.stopping_distance import stopping_range, stopping_time

NS_PER_S = 1_000_000_000


class MotionPlayer:
    """The commanded state, moved by one period per step, always within the limits."""

    def __init__(self, embodiment: Embodiment, lower: FloatArray, upper: FloatArray, lookahead: float) -> None:
        """Start without a commanded state.

        Args:
            embodiment: The robot.
            lower: Lower position limits (N,), rad.
            upper: Upper position limits (N,), rad.
            lookahead: How far ahead commands look, s.
        """
        self._embodiment = embodiment
        self._lower, self._upper = lower, upper
        self._period = 1.0 / embodiment.control_rate
        self._period_ns = round(NS_PER_S / embodiment.control_rate)
        self._lookahead = lookahead
        self._motion_limits = embodiment.arm.motion_limits
        self._stop_limits = embodiment.arm.hardware_limits
        self._follower = Follower(self._motion_limits, lower, upper, self._period)
        self._gripper_follower = GripperFollower(embodiment.gripper.velocity, self._period)
        self._plan: Plan | None = None
        self._plan_ticks = 0
        self._target = embodiment.home
        self._is_stop = self._is_gentle = False
        self._is_urgent = True
        self.state: CommandState | None = None
        """What is commanded; None before `place`."""
        self.playback: Playback | None = None
        """The chunk being executed, if one is."""
        self.gripper = embodiment.gripper.open
        """Commanded position of the gripper drive, rad."""
        self.row, self.rows_left = -1, 0
        """The row that belongs to now, and how many are left."""

    @property
    def is_planned(self) -> bool:
        """Whether a stop or a move is not yet finished."""
        return self._plan is not None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing moves."""
        return self.state is None or self.state.is_at_rest

    def place(self, positions: FloatArray, gripper: float | None) -> None:
        """Command joint positions (N,) and gripper drive position, rad, at rest."""
        self.state = CommandState.at_rest(positions)
        self.gripper = self.gripper if gripper is None else gripper
        self._end()

    def play(self, playback: Playback) -> None:
        """Follow a chunk from now on."""
        self._end()
        self.playback = playback

    def stop(self, *, is_gentle: bool = False) -> None:
        """Stop as fast as the arm allows, or gently, within the limits for policies."""
        if self.state is None or self.state.is_at_rest or (self._is_stop and (is_gentle or not self._is_gentle)):
            return
        limits: MotionLimits = self._motion_limits if is_gentle else self._stop_limits
        self._end()
        self._plan, self._plan_ticks = plan_stop(self.state, limits), 0
        self._is_stop, self._is_gentle = True, is_gentle

    def move(self, target: FloatArray) -> None:
        """Move to joint positions (N,), rad, within the limits for policies, from rest.

        Raises:
            Zr0Error: There is no commanded state, or no such motion.
        """
        assert self.state is not None
        self._end()
        self._target = target
        self._plan, self._plan_ticks = plan_move(self.state, target, self._motion_limits), 0

    def rest(self) -> None:
        """Go on from rest: the arm has come to stand at the last command, because the next one did not come in time."""
        if self.state is None:
            return
        self.state = CommandState.at_rest(self.state.positions)
        if self._plan is not None and self._is_stop:
            self._end()
        elif self._plan is not None:
            self._plan, self._plan_ticks = plan_move(self.state, self._target, self._motion_limits), 0

    def halt(self) -> None:
        """Give up the motion: the arm has stopped by itself, or cannot be reached."""
        self._end()
        if self.state is not None:
            self.state = CommandState.at_rest(self.state.positions)

    def resting_state(self) -> CommandState:
        """Return the state in which a chunk that arrives now will find the arm: after the stop, if it stops."""
        assert self.state is not None
        return self._plan.at(self._plan.duration) if self._plan is not None else self.state

    def _end(self) -> None:
        self._plan, self._is_stop, self.playback = None, False, None
        self._is_urgent = True
        self.row, self.rows_left = -1, 0

    def step(self, now_ns: int) -> Finding | None:
        """Advance by one period; return what keeps the chunk from being followed, in which case nothing advances."""
        if self._plan is not None:
            self._plan_ticks += 1
            elapsed = self._plan_ticks * self._period
            self.state = self._plan.at(elapsed)
            if elapsed >= self._plan.duration:
                self._plan, self._is_stop = None, False
            return None
        return self._step_playback(self.playback, now_ns) if self.playback is not None else None

    def command(self, now_ns: int) -> Command:
        """Return the command for the state reached."""
        assert self.state is not None
        ahead = self.state.positions
        if self._plan is not None:
            elapsed = self._plan_ticks * self._period + self._lookahead
            ahead = self._plan.at(self._plan.duration if self._is_stop else elapsed).positions
        elif self.playback is not None:
            ahead = np.clip(
                self.playback.target(now_ns + round(self._lookahead * NS_PER_S))[0], self._lower, self._upper
            )
        command = Command(state=self.state, ahead=ahead, is_urgent=self._is_urgent, is_stop=self._is_stop)
        self._is_urgent = False
        return command

    def _step_playback(self, playback: Playback, now_ns: int) -> Finding | None:
        assert self.state is not None
        if playback.time_left(now_ns) <= stopping_time(self.state, self._motion_limits):
            text = f"chunk {playback.sequence} has run out and no newer one has arrived"
            return Finding(reason=Reason.CHUNK_EXHAUSTED, text=text)
        following = self._follower.step(self.state, playback.target(now_ns), playback.target(now_ns + self._period_ns))
        excess = self._excess(following)
        if excess:
            return Finding(reason=Reason.WORKSPACE, text=excess)
        self.state = following
        self.gripper = self._gripper_follower.step(self.gripper, playback.gripper(now_ns))
        self.row, self.rows_left = playback.row(now_ns), playback.rows_left(now_ns)
        return None

    def _excess(self, state: CommandState) -> str:
        """Say which limit could not be kept from a state; from every state before it, all could."""
        lowest, highest = stopping_range(state, self._stop_limits)
        bad = np.flatnonzero(
            ((lowest < self._lower) & (state.velocities < 0.0)) | ((highest > self._upper) & (state.velocities > 0.0))
        )
        if len(bad):
            return f"{self._embodiment.joint_names[bad[0]]} moves too fast towards its position limit"
        outside = workspace_excess(self._embodiment, state.positions, WORKSPACE_MARGIN)
        return f"the tool leaves the workspace: {outside}" if outside else ""
