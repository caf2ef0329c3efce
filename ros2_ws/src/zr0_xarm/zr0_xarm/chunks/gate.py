"""The gate that every chunk passes before it may move the arm."""

from zr0_core.embodiment import Embodiment
from zr0_core.errors import ChunkRefusedError
from zr0_core.types import ActionChunk, FloatArray

from zr0_xarm.chunks.content import check_identity, check_rows, check_workspace, joint_rows, workspace_excess
from zr0_xarm.chunks.playback import NS, Playback
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.status import Reason
from zr0_xarm.motion.command_state import CommandState

MAX_FUTURE = 0.02
"""How far ahead of this clock an observation may be stamped, s: the error of synchronised clocks."""
WORKSPACE_MARGIN = 0.02
"""How far the commanded tool may lie outside the workspace while rows lie inside, m: the curve between rows."""


class ChunkGate:
    """Decides whether a chunk may be executed, and prepares it.

    It trusts nothing: everything that a policy could get wrong is checked here, once, and end-effector chunks are
    turned into joint rows first, so that they are checked alike.
    """

    def __init__(self, embodiment: Embodiment, lower: FloatArray, upper: FloatArray) -> None:
        """Make a gate.

        Args:
            embodiment: The robot.
            lower: Lower position limits (N,), rad.
            upper: Upper position limits (N,), rad.
        """
        self._embodiment = embodiment
        self._lower = lower
        self._upper = upper

    def admit(self, chunk: ActionChunk, now_ns: int, command: CommandState, previous: Playback | None) -> Playback:
        """Prepare a chunk for execution.

        Args:
            chunk: What the policy sent.
            now_ns: The present, ns since the epoch.
            command: What is commanded now.
            previous: The chunk accepted before, of the same run of the policy.

        Raises:
            RefusalError: The chunk is not safe to execute; says why.
        """
        try:
            check_identity(chunk, self._embodiment)
            self._check_time(chunk, now_ns, previous)
            rows, gripper_rows = joint_rows(chunk, self._embodiment, command.positions)
            check_rows(rows, self._embodiment, self._lower, self._upper)
            playback = Playback(
                sequence=chunk.sequence,
                observation_stamp_ns=chunk.observation_stamp_ns,
                step_period=chunk.step_period_s,
                rows=rows,
                gripper_rows=gripper_rows,
                now_ns=now_ns,
                command=command,
            )
            self._check_splice(playback, now_ns, command)
            check_workspace(rows, self._embodiment)
        except ChunkRefusedError as error:
            reason = error.reason if isinstance(error, RefusalError) else Reason.CHUNK_REFUSED
            raise RefusalError(f"chunk {chunk.sequence} refused: {error}", reason) from error
        return playback

    def _check_time(self, chunk: ActionChunk, now_ns: int, previous: Playback | None) -> None:
        age = (now_ns - chunk.observation_stamp_ns) * NS
        if age > self._embodiment.action.max_age:
            raise RefusalError(
                f"it was computed from an observation {age:.3f} s old, limit {self._embodiment.action.max_age} s",
                Reason.CHUNK_STALE,
            )
        if age < -MAX_FUTURE:
            raise RefusalError(
                f"its observation is stamped {-age:.3f} s in the future; synchronise the clocks of the machines"
            )
        if age > len(chunk.actions) * chunk.step_period_s:
            raise RefusalError("it arrived after the time of its last row", Reason.CHUNK_STALE)
        if previous is None:
            return
        if chunk.sequence <= previous.sequence:
            raise RefusalError(f"its sequence number does not follow {previous.sequence}, the one accepted before")
        if chunk.observation_stamp_ns < previous.observation_stamp_ns:
            raise RefusalError(
                f"its observation is {(previous.observation_stamp_ns - chunk.observation_stamp_ns) * NS:.3f} s older "
                f"than that of chunk {previous.sequence}, which is being executed",
                Reason.CHUNK_STALE,
            )

    def _check_splice(self, playback: Playback, now_ns: int, command: CommandState) -> None:
        row = min(playback.row(now_ns), len(playback.rows) - 1)
        steps = abs(playback.rows[row] - command.positions)
        joint = int(steps.argmax())
        if steps[joint] > self._embodiment.action.max_step:
            raise RefusalError(
                f"row {row}, which belongs to now, asks {self._embodiment.joint_names[joint]} to jump by "
                f"{steps[joint]:.3f} rad from where it is commanded, limit {self._embodiment.action.max_step} rad"
            )
        outside = workspace_excess(self._embodiment, command.positions, WORKSPACE_MARGIN)
        if outside:
            raise RefusalError(
                f"the tool is out of the workspace already: {outside}; move it home first", Reason.WORKSPACE
            )
