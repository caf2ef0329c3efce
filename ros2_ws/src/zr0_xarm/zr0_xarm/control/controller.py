"""The controller's states: what each tick of the control loop commands, and what ends a motion."""

import logging
import threading
from collections.abc import Callable

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import ActionChunk, ArmState

from zr0_xarm.arm import Arm
from zr0_xarm.chunks.gate import ChunkGate
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.arm_watch import ArmWatch, Response
from zr0_xarm.control.braking import Braking
from zr0_xarm.control.motion_player import MotionPlayer
from zr0_xarm.control.policy_watch import PolicyWatch
from zr0_xarm.control.senders import Command, MotionMode, Sender, make_sender
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ACTIVE, AT_HOME, MOVING, ControllerReport, ControllerState, Finding, Reason
from zr0_xarm.errors import ArmError, ArmLinkError, ArmReplyTimeoutError, RequestRefusedError
from zr0_xarm.motion.command_state import CommandState

NS_PER_S = 1_000_000_000
LATE_STATUS = 0.15
"""How late a policy's status may be when its chunk arrives, s. The chunk then waits for it, and is not refused."""

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
        lower, upper = np.maximum(embodiment.lower, arm.lower), np.minimum(embodiment.upper, arm.upper)
        self._gate = ChunkGate(embodiment, lower, upper)
        self._sender: Sender = make_sender(arm, embodiment, settings.motion_mode, is_dry_run=settings.is_dry_run)
        self._player = MotionPlayer(embodiment, lower, upper, self._sender.lookahead)
        self.policy = PolicyWatch(settings.policy_timeout)
        self._watch = ArmWatch(settings, embodiment.joint_names)
        self._lock = threading.Lock()
        self._listener: Callable[[], None] = lambda: None
        self._tick_listener: Callable[[], None] = lambda: None
        self._state = ControllerState.DISABLED
        self._reason = Finding(reason=Reason.NONE, text="motors off")
        self._waiting: Playback | None = None
        self._previous: Playback | None = None
        self._is_held_by_operator = False
        self._unanswered_since_ns: int | None = None
        self._braking = Braking(settings.motion_mode)
        self._chunk_sequence = 0
        self._num_accepted, self._num_refused, self._last_refusal = 0, 0, ""

    def set_listeners(self, on_change: Callable[[], None], on_command: Callable[[], None]) -> None:
        """Have functions called at every change of state, and by the control loop after every command; no blocking."""
        self._listener, self._tick_listener = on_change, on_command

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
                command=self._player.state,
                gripper_command=self._player.gripper,
                gripper_measured=self._arm.gripper_position(),
                chunk_sequence=self._chunk_sequence,
                chunk_row=self._player.row,
                chunk_rows_left=self._player.rows_left,
                num_chunks_accepted=self._num_accepted,
                num_chunks_refused=self._num_refused,
                last_refusal=self._last_refusal,
            )

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
                if self._state is ControllerState.STOPPING or self.policy.finding(now_ns):
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
                self._stop(Finding(reason=refusal.reason, text=str(refusal)))

    def _admission(self, now_ns: int) -> CommandState:
        """Return the state that a chunk would start from, or refuse every chunk for now."""
        finding = self.policy.finding(now_ns, LATE_STATUS)
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
        return self._player.resting_state()

    def _play(self, playback: Playback) -> None:
        self._waiting = None
        self._player.play(playback)
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
            self._player.place(arm.positions, self._arm.gripper_position())
            self._waiting = self._previous = self._unanswered_since_ns = None
            self._is_held_by_operator = False
            self._enter(ControllerState.HOLDING, finding)

    def begin_disabled(self, finding: Finding) -> None:
        """Give up command of the arm."""
        with self._lock:
            self._give_up()
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
                self._stop(finding)
            elif self._state is ControllerState.HOLDING:
                self._enter(ControllerState.HOLDING, finding)

    def brake(self, finding: Finding, now_ns: int) -> None:
        """Stop a moving arm as soon as it can, and hold: when there is no time for a planned stop."""
        with self._lock:
            if self._state in MOVING:
                self._brake(finding, now_ns)

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
            if self._state is not ControllerState.HOLDING:
                raise RequestRefusedError(f"can move home only from HOLDING, the controller is {self._state.name}")
            self._player.move(self._embodiment.home)
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
            if is_answered and not self._player.is_at_rest and self._braking.is_interrupted(now_ns):
                self._braking.finish()
                self._player.rest()
            can_send = is_answered and not self._braking.is_active(now_ns)
            command = self._advance(now_ns, finding) if can_send else None
            gripper = self._player.gripper if self._state is ControllerState.TRACKING else None
        if gripper is not None and not self._settings.is_dry_run:
            self._arm.set_gripper(gripper)
        if command is not None:
            self._send(command, now_ns)
            self._tick_listener()

    def _is_answered(self, now_ns: int) -> bool:
        """Whether the arm can take another command. Until it can, ticks are skipped: the command does not advance."""
        if self._settings.is_dry_run or self._state is ControllerState.DISABLED or not self._arm.is_linked:
            return True
        try:
            is_answered = self._arm.answers()
        except ArmError as error:
            self._take_error(error, now_ns)
            return False
        if is_answered:
            self._unanswered_since_ns = None
            if self._settings.motion_mode is MotionMode.SERVO_JOINT:  # Other modes do not send at every tick.
                self._watch.note_answer()
        return is_answered

    def _supervise(self, arm: ArmState | None, now_ns: int, *, is_late: bool) -> None:
        if not self._arm.is_linked:
            if self._state is not ControllerState.FAULT:
                self._disconnect("the connection has closed")
            return
        if arm is not None:
            finding = self._watch.error_finding(arm)
            if finding is not None and (self._state is not ControllerState.FAULT or self._reason.is_vague):
                self._fail(finding, can_move=False)
        if self._state is ControllerState.FAULT:
            return
        command = None if self._settings.is_dry_run else self._player.state
        verdict = self._watch.verdict(arm, now_ns, command, is_moving=self._state in MOVING, is_late=is_late)
        if verdict is not None and verdict.response is Response.BRAKE:
            # Not by a planned stop: what the arm would do with its commands can no longer be seen.
            self._brake(verdict.finding, now_ns)
        elif verdict is not None:
            self._fail(verdict.finding, can_move=verdict.response is Response.FAULT_AFTER_STOP)

    def _advance(self, now_ns: int, policy_finding: Finding | None) -> Command | None:
        if self._player.state is None or self._state is ControllerState.DISABLED:
            return None
        if self._state is ControllerState.FAULT and not self._player.is_planned:
            return None
        if self._state is ControllerState.HOLDING:
            self._resume(now_ns, policy_finding)
        if self._state is ControllerState.TRACKING and policy_finding is not None:
            if policy_finding.reason is Reason.POLICY_SILENT:
                self._brake(policy_finding, now_ns)
                return None
            self._stop(policy_finding)
        finding = self._player.step(now_ns)
        if finding is not None:
            self._stop(finding, is_gentle=finding.reason is Reason.CHUNK_EXHAUSTED)
            self._player.step(now_ns)
        if not self._player.is_planned:
            if self._state is ControllerState.STOPPING:
                self._enter(ControllerState.HOLDING, self._reason)
            elif self._state is ControllerState.HOMING:
                self._enter(ControllerState.HOLDING, AT_HOME)
        return self._player.command(now_ns)

    def _resume(self, now_ns: int, policy_finding: Finding | None) -> None:
        if policy_finding is not None:
            # A policy that was silent, and now says why it does not run, knows more.
            if (self._reason.reason, policy_finding.reason) == (Reason.POLICY_SILENT, Reason.POLICY_NOT_RUNNING):
                self._enter(ControllerState.HOLDING, policy_finding)
            return
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.rows_left(now_ns) > 0:
            self._play(waiting)

    def _send(self, command: Command, now_ns: int) -> None:
        self._braking.note_sent(now_ns)
        try:
            self._sender.send(command)
        except ArmError as error:
            self._take_error(error, now_ns)

    def _take_error(self, error: ArmError, now_ns: int) -> None:
        with self._lock:
            if isinstance(error, ArmReplyTimeoutError):
                self._note_unanswered(error, now_ns)
            elif isinstance(error, ArmLinkError):
                if self._state in ACTIVE:
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
            self._stop(finding)

    # Transitions; the lock is held -------------------------------------------------------------------------------

    def _stop(self, finding: Finding, *, is_gentle: bool = False) -> None:
        self._waiting = None
        if self._player.is_at_rest:
            self._player.halt()
            self._enter(ControllerState.HOLDING, finding)
            return
        self._player.stop(is_gentle=is_gentle)
        self._enter(ControllerState.STOPPING, finding)

    def _brake(self, finding: Finding, now_ns: int) -> None:
        """Stop sooner than a planned stop can, where the arm brakes by itself."""
        if not self._braking.begin(now_ns):
            self._stop(finding)
            return
        self._waiting = None
        self._player.halt()
        self._enter(ControllerState.HOLDING, finding)

    def _fail(self, finding: Finding, *, can_move: bool) -> None:
        self._waiting = None
        if can_move and not self._player.is_at_rest:
            self._player.stop()
        else:
            self._player.halt()
        self._enter(ControllerState.FAULT, finding)

    def _disconnect(self, why: str) -> None:
        self._give_up()
        text = f"the link to the control box is lost ({why}); restore it, then recover"
        self._enter(ControllerState.FAULT, Finding(reason=Reason.LINK_LOST, text=text))

    def _give_up(self) -> None:
        self._player.halt()
        self._waiting = self._previous = None

    def _enter(self, state: ControllerState, finding: Finding) -> None:
        if (state, finding) == (self._state, self._reason):
            return
        level = logging.WARNING if state is ControllerState.FAULT else logging.INFO
        logger.log(level, "%s -> %s: %s", self._state.name, state.name, finding.text)
        self._state, self._reason = state, finding
        self._listener()
