"""The controller's states: what each tick of the control loop commands, and what ends a motion."""

import dataclasses
import logging
import threading
from collections.abc import Callable

import numpy as np

from zr0_core.embodiment import Embodiment, MotionLimits
from zr0_core.types import ActionChunk, ArmState, FloatArray
from zr0_xarm.arm import Arm
from zr0_xarm.chunks.content import workspace_excess
from zr0_xarm.chunks.gate import WORKSPACE_MARGIN, ChunkGate
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.arm_watch import ArmWatch
from zr0_xarm.control.policy_watch import PolicyWatch
from zr0_xarm.control.senders import Command, Sender, make_sender
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ControllerReport, ControllerState, Finding, Reason
from zr0_xarm.errors import ArmError, ArmLinkError, ArmReplyTimeoutError, RequestRefusedError
from zr0_xarm.motion.command_state import CommandState
from zr0_xarm.motion.follower import Follower
from zr0_xarm.motion.gripper_follower import GripperFollower
from zr0_xarm.motion.plans import Plan, plan_move, plan_stop
from zr0_xarm.motion.stopping_distance import stopping_range, stopping_time

NS_PER_S = 1_000_000_000
ACTIVE = (ControllerState.HOLDING, ControllerState.TRACKING, ControllerState.STOPPING, ControllerState.HOMING)
"""States in which the arm is commanded."""
MOVING = (ControllerState.TRACKING, ControllerState.HOMING)
"""States that a watchdog stops."""

AT_HOME = Finding(reason=Reason.OPERATOR, text="at the home position")
"""Why the controller holds after moving home."""

logger = logging.getLogger(__name__)


class Controller:
    """Plays chunks on an arm, and stops it within limits when anything is wrong.

    `tick` is called by the control loop alone; everything else by any thread. Every tick moves the command by one
    period, however much time has passed, so the commanded stream obeys the limits sample by sample; a reference that
    has moved on meanwhile is caught up with within the limits.
    """

    def __init__(self, embodiment: Embodiment, arm: Arm, settings: ControllerSettings) -> None:
        """Make a controller for a connected arm; it starts disabled.

        Args:
            embodiment: The robot.
            arm: The arm, connected.
            settings: How to watch and move it.
        """
        self._embodiment = embodiment
        self._arm = arm
        self._settings = settings
        self._period = 1.0 / embodiment.control_rate
        self._period_ns = round(NS_PER_S / embodiment.control_rate)
        self._lower = np.maximum(embodiment.lower, arm.lower)
        self._upper = np.minimum(embodiment.upper, arm.upper)
        self._motion_limits: MotionLimits = embodiment.arm.motion_limits
        self._stop_limits: MotionLimits = embodiment.arm.hardware_limits
        self._gate = ChunkGate(embodiment, self._lower, self._upper)
        self._follower = Follower(self._motion_limits, self._lower, self._upper, self._period)
        self._gripper_follower = GripperFollower(embodiment.gripper.velocity, self._period)
        self._sender: Sender = make_sender(arm, embodiment, settings.motion_mode, is_dry_run=settings.is_dry_run)
        self.policy = PolicyWatch(settings.policy_timeout)
        self._watch = ArmWatch(
            report_timeout=settings.report_timeout,
            tracking_error_limit=settings.tracking_error_limit,
            mode=settings.motion_mode.arm_mode,
            joint_names=embodiment.joint_names,
        )
        self._lock = threading.Lock()
        self._listener: Callable[[], None] = lambda: None
        self._tick_listener: Callable[[], None] = lambda: None
        self._state = ControllerState.DISABLED
        self._reason = Finding(reason=Reason.NONE, text="motors off")
        self._command: CommandState | None = None
        self._plan: Plan | None = None
        self._plan_ticks = 0
        self._playback: Playback | None = None
        self._waiting: Playback | None = None
        self._previous: Playback | None = None
        self._is_held_by_operator = False
        self._is_urgent = True
        self._unanswered_since_ns: int | None = None
        self._gripper_command = embodiment.gripper.open
        self._chunk_sequence, self._chunk_row, self._chunk_rows_left = 0, -1, 0
        self._num_accepted, self._num_refused, self._last_refusal = 0, 0, ""

    # Reading -----------------------------------------------------------------------------------------------------

    def set_listener(self, listener: Callable[[], None]) -> None:
        """Have a function called, from any thread and at once, at every change of state; it must not block."""
        self._listener = listener

    def set_tick_listener(self, listener: Callable[[], None]) -> None:
        """Have a function called, from the control loop, after every command; it must not block."""
        self._tick_listener = listener

    @property
    def state(self) -> ControllerState:
        """What the controller is doing."""
        return self._state

    @property
    def reason(self) -> Finding:
        """Why it is doing that."""
        return self._reason

    def report(self) -> ControllerReport:
        """Say what the controller is doing, and why."""
        with self._lock:
            return ControllerReport(
                state=self._state,
                reason=self._reason.reason,
                reason_text=self._reason.text,
                arm=self._arm.state(),
                command=self._command,
                gripper_command=self._gripper_command,
                gripper_measured=self._arm.gripper_position(),
                chunk_sequence=self._chunk_sequence,
                chunk_row=self._chunk_row,
                chunk_rows_left=self._chunk_rows_left,
                num_chunks_accepted=self._num_accepted,
                num_chunks_refused=self._num_refused,
                last_refusal=self._last_refusal,
            )

    # Chunks ------------------------------------------------------------------------------------------------------

    def offer(self, chunk: ActionChunk, now_ns: int) -> None:
        """Execute a chunk from its row that belongs to now.

        A refused chunk also ends the execution of the one before it: its sender is no longer to be trusted.

        Raises:
            RefusalError: The chunk is not executed; says why.
        """
        try:
            with self._lock:
                command = self._admission(now_ns)
                previous = self._previous
            playback = self._gate.admit(chunk, now_ns, command, previous)
            with self._lock:
                self._admission(now_ns)
                self._previous = playback
                self._chunk_sequence = playback.sequence
                self._num_accepted += 1
                if self._state is ControllerState.STOPPING:
                    self._waiting = playback
                else:
                    self._play(playback)
        except RefusalError as refusal:
            self.refuse(refusal)
            raise

    def refuse(self, refusal: RefusalError) -> None:
        """Count a chunk that was refused, and stop executing chunks."""
        with self._lock:
            self._num_refused += 1
            self._last_refusal = str(refusal)
            if self._state is ControllerState.TRACKING:
                self._stop(Finding(reason=refusal.reason, text=str(refusal)), self._stop_limits)

    def _admission(self, now_ns: int) -> CommandState:
        """Return the state that a chunk would start from, or refuse every chunk for now."""
        finding = self.policy.finding(now_ns)
        if finding:
            raise RefusalError(f"chunk refused: {finding.text}", finding.reason)
        if self._is_held_by_operator:
            raise RefusalError("chunk refused: the operator holds the arm; call ~/enable with true to release it")
        if self._state not in (ControllerState.HOLDING, ControllerState.TRACKING, ControllerState.STOPPING):
            raise RefusalError(f"chunk refused: the controller is {self._state.name}: {self._reason.text}")
        if self._unanswered_since_ns is not None:
            raise RefusalError("chunk refused: the control box does not answer", Reason.REPLY_TIMEOUT)
        stale = self._watch.report_finding(self._arm.state(), now_ns)
        if stale:
            raise RefusalError(f"chunk refused: {stale.text}", stale.reason)
        assert self._command is not None
        if self._state is ControllerState.STOPPING and self._plan is not None:
            return self._plan.at(self._plan.duration)
        return self._command

    def _play(self, playback: Playback) -> None:
        self._playback, self._waiting = playback, None
        self._is_urgent = True
        if self._state is not ControllerState.TRACKING:
            self._enter(ControllerState.TRACKING, Finding(reason=Reason.NONE, text="executing chunks"))

    # Requests ----------------------------------------------------------------------------------------------------

    def begin_holding(self, finding: Finding) -> None:
        """Take command of an enabled arm that stands still: what is measured becomes what is commanded.

        Raises:
            RequestRefusedError: The arm has not reported.
        """
        arm = self._arm.state()
        if arm is None:
            raise RequestRefusedError("the arm has not reported its position; check the report connection")
        with self._lock:
            self._command = CommandState.at_rest(arm.positions)
            gripper = self._arm.gripper_position()
            self._gripper_command = self._gripper_command if gripper is None else gripper
            self._plan = self._playback = self._waiting = self._previous = None
            self._unanswered_since_ns = None
            self._is_held_by_operator = False
            self._is_urgent = True
            self._enter(ControllerState.HOLDING, finding)

    def begin_disabled(self, finding: Finding) -> None:
        """Give up command of the arm."""
        with self._lock:
            self._drop_motion()
            self._enter(ControllerState.DISABLED, finding)

    def hold(self, finding: Finding, *, is_latched: bool) -> None:
        """Stop within limits and hold.

        Args:
            finding: Why.
            is_latched: Refuse chunks until the operator releases the arm.
        """
        with self._lock:
            self._is_held_by_operator |= is_latched and self._state in ACTIVE
            self._waiting = None
            if self._state in MOVING:
                self._stop(finding, self._stop_limits)
            elif self._state is ControllerState.HOLDING:
                self._enter(ControllerState.HOLDING, finding)

    def release(self) -> None:
        """End the operator's hold."""
        with self._lock:
            self._is_held_by_operator = False

    def begin_homing(self) -> None:
        """Move to the home position within the limits for policies.

        Raises:
            RequestRefusedError: The controller is not holding.
        """
        with self._lock:
            if self._state is not ControllerState.HOLDING or self._command is None:
                raise RequestRefusedError(f"can move home only from HOLDING, the controller is {self._state.name}")
            self._plan = plan_move(self._command, self._embodiment.home, self._motion_limits)
            self._plan_ticks = 0
            self._is_urgent = True
            self._enter(ControllerState.HOMING, Finding(reason=Reason.OPERATOR, text="moving to the home position"))

    def fault(self, finding: Finding) -> None:
        """Enter the fault state."""
        with self._lock:
            self._fail(finding, can_move=False)

    # The tick ----------------------------------------------------------------------------------------------------

    def tick(self, now_ns: int, *, is_late: bool) -> None:
        """Advance by one period: watch, and command.

        Args:
            now_ns: Time of this tick, ns since the epoch.
            is_late: Whether the loop itself was held up. Ages of inputs are not judged then: the threads that receive
                them were held up as well, and run before the next tick.
        """
        is_answered = self._is_answered(now_ns)
        with self._lock:
            arm = self._arm.state()
            if self._state in ACTIVE or self._state is ControllerState.FAULT:
                self._supervise(arm, now_ns, is_late=is_late)
            finding = None if is_late else self.policy.finding(now_ns)
            if finding is not None:
                # Whatever runs next is another run, and counts its chunks anew.
                self._previous = None
            command = self._advance(now_ns, finding) if is_answered else None
            gripper = self._gripper_command if self._state is ControllerState.TRACKING else None
        if gripper is not None and not self._settings.is_dry_run:
            self._arm.set_gripper(gripper)
        if command is not None:
            self._send(command, now_ns)
            self._tick_listener()

    def _is_answered(self, now_ns: int) -> bool:
        """Whether the arm can take another command. Until it can, ticks are skipped: the command does not advance."""
        if self._settings.is_dry_run or (self._state not in ACTIVE and self._state is not ControllerState.FAULT):
            return True
        try:
            is_answered = self._arm.answers()
        except ArmError as error:
            self._take_error(error, now_ns)
            return False
        if is_answered:
            self._unanswered_since_ns = None
        return is_answered

    def _supervise(self, arm: ArmState | None, now_ns: int, *, is_late: bool) -> None:
        if not self._arm.is_linked:
            self._disconnect("the connection has closed")
            return
        if arm is not None:
            finding = self._watch.error_finding(arm)
            if finding is not None and (self._state is not ControllerState.FAULT or self._is_vague()):
                self._fail(finding, can_move=False)
        if self._state is ControllerState.FAULT:
            return
        stale = None if is_late else self._watch.report_finding(arm, now_ns)
        if stale is not None:
            self._note_stale(stale, arm, now_ns)
        elif arm is not None and not self._settings.is_dry_run and self._command is not None:
            finding = self._watch.state_finding(arm)
            if finding is not None:
                self._fail(finding, can_move=False)
                return
            finding = self._watch.tracking_finding(arm, self._command.positions)
            if finding is not None:
                self._fail(finding, can_move=True)

    def _note_stale(self, finding: Finding, arm: ArmState | None, now_ns: int) -> None:
        age_ns = now_ns - arm.stamp_ns if arm is not None else 0
        if arm is None or age_ns > (self._settings.report_timeout + self._settings.silence_fault_time) * NS_PER_S:
            self._fail(finding, can_move=True)
        elif self._state in MOVING:
            self._stop(finding, self._stop_limits)

    def _is_vague(self) -> bool:
        """Whether the fault was entered before the arm said why it stopped."""
        vague = (Reason.REPLY_TIMEOUT, Reason.REPORT_STALE, Reason.TRACKING_ERROR)
        return self._reason.text.startswith("the arm left motion") or self._reason.reason in vague

    def _advance(self, now_ns: int, finding: Finding | None) -> Command | None:
        if self._command is None or self._state in (ControllerState.DISCONNECTED, ControllerState.DISABLED):
            return None
        if self._state is ControllerState.TRACKING:
            self._advance_tracking(now_ns, finding)
        elif self._state is ControllerState.HOLDING:
            self._resume(now_ns, finding)
        ahead = self._command.positions
        if self._plan is not None:
            ahead = self._advance_plan(self._plan)
        elif self._state is ControllerState.FAULT:
            return None
        elif self._playback is not None:
            time = now_ns + round(self._sender.lookahead * NS_PER_S)
            ahead = np.clip(self._playback.target(time)[0], self._lower, self._upper)
        command = Command(state=self._command, ahead=ahead, is_urgent=self._is_urgent)
        self._is_urgent = False
        return command

    def _resume(self, now_ns: int, finding: Finding | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and finding is None and waiting.rows_left(now_ns) > 0:
            self._play(waiting)

    def _advance_tracking(self, now_ns: int, finding: Finding | None) -> None:
        playback, command = self._playback, self._command
        assert playback is not None
        assert command is not None
        if finding is not None:
            self._stop(finding, self._stop_limits)
            return
        if playback.time_left(now_ns) <= stopping_time(command, self._motion_limits):
            text = f"chunk {playback.sequence} has run out and no newer one has arrived"
            self._stop(Finding(reason=Reason.CHUNK_EXHAUSTED, text=text), self._motion_limits)
            return
        following = self._follower.step(command, playback.target(now_ns), playback.target(now_ns + self._period_ns))
        excess = self._limit_excess(following)
        if excess:
            self._stop(Finding(reason=Reason.WORKSPACE, text=excess), self._stop_limits)
            return
        self._command = following
        self._gripper_command = self._gripper_follower.step(self._gripper_command, playback.gripper(now_ns))
        self._chunk_row, self._chunk_rows_left = playback.row(now_ns), playback.rows_left(now_ns)

    def _limit_excess(self, state: CommandState) -> str:
        """Say which limit can no longer be kept from a state; from the state before it, all could."""
        lowest, highest = stopping_range(state, self._stop_limits)
        bad = np.flatnonzero((lowest < self._lower) & (state.velocities < 0.0))
        bad = np.concatenate([bad, np.flatnonzero((highest > self._upper) & (state.velocities > 0.0))])
        if len(bad):
            return f"{self._embodiment.joint_names[bad[0]]} moves too fast towards its position limit"
        outside = workspace_excess(self._embodiment, state.positions, WORKSPACE_MARGIN)
        return f"the tool leaves the workspace: {outside}" if outside else ""

    def _advance_plan(self, plan: Plan) -> FloatArray:
        self._plan_ticks += 1
        elapsed = self._plan_ticks * self._period
        self._command = plan.at(elapsed)
        is_stop = self._state is not ControllerState.HOMING
        ahead = plan.at(plan.duration if is_stop else elapsed + self._sender.lookahead).positions
        if elapsed >= plan.duration:
            self._plan = None
            if self._state is ControllerState.STOPPING:
                self._enter(ControllerState.HOLDING, self._reason)
            elif self._state is ControllerState.HOMING:
                self._enter(ControllerState.HOLDING, AT_HOME)
        return ahead

    def _send(self, command: Command, now_ns: int) -> None:
        try:
            self._sender.send(command)
        except ArmError as error:
            self._take_error(error, now_ns)

    def _take_error(self, error: ArmError, now_ns: int) -> None:
        with self._lock:
            if isinstance(error, ArmReplyTimeoutError):
                self._note_unanswered(error, now_ns)
            elif isinstance(error, ArmLinkError):
                self._disconnect(str(error))
            elif self._state in ACTIVE:
                self._fail(Finding(reason=Reason.ARM_ERROR, text=f"the arm left motion: {error}"), can_move=False)

    def _note_unanswered(self, error: ArmError, now_ns: int) -> None:
        finding = Finding(reason=Reason.REPLY_TIMEOUT, text=str(error))
        if self._unanswered_since_ns is None:
            self._unanswered_since_ns = now_ns
        elif now_ns - self._unanswered_since_ns > self._settings.silence_fault_time * NS_PER_S:
            if self._state in ACTIVE:
                self._fail(finding, can_move=False)
            return
        if self._state in MOVING:
            self._stop(finding, self._stop_limits)

    # Transitions; the lock is held -------------------------------------------------------------------------------

    def _stop(self, finding: Finding, limits: MotionLimits) -> None:
        self._end_playback()
        if self._command is None or self._command.is_at_rest:
            self._plan = None
            self._enter(ControllerState.HOLDING, finding)
            return
        self._plan, self._plan_ticks = plan_stop(self._command, limits), 0
        self._enter(ControllerState.STOPPING, finding)

    def _fail(self, finding: Finding, *, can_move: bool) -> None:
        self._end_playback()
        is_moving = self._command is not None and not self._command.is_at_rest
        if not (can_move and is_moving):
            self._plan = None
        elif self._state is not ControllerState.STOPPING and self._command is not None:
            self._plan, self._plan_ticks = plan_stop(self._command, self._stop_limits), 0
        self._enter(ControllerState.FAULT, finding)

    def _end_playback(self) -> None:
        self._playback = self._waiting = None
        self._is_urgent = True
        self._chunk_row, self._chunk_rows_left = -1, 0

    def _disconnect(self, why: str) -> None:
        self._drop_motion()
        text = f"the link to the control box is lost ({why}); restore it, then recover"
        self._enter(ControllerState.DISCONNECTED, Finding(reason=Reason.LINK_LOST, text=text))

    def _drop_motion(self) -> None:
        self._end_playback()
        self._plan = self._previous = None
        if self._command is not None:
            self._command = CommandState.at_rest(self._command.positions)

    def _enter(self, state: ControllerState, finding: Finding) -> None:
        if (state, finding) == (self._state, self._reason):
            return
        level = logging.WARNING if state in (ControllerState.FAULT, ControllerState.DISCONNECTED) else logging.INFO
        logger.log(level, "%s -> %s: %s", self._state.name, state.name, finding.text)
        self._state, self._reason = state, dataclasses.replace(finding)
        self._listener()
