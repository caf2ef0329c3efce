"""States and reasons of the controller, and what it reports. The numbers are those of `ControllerStatus.msg`."""

from dataclasses import dataclass
from enum import IntEnum

from zr0_core.types import ArmState

from zr0_xarm.motion.command_state import CommandState


class ControllerState(IntEnum):
    """What the controller is doing."""

    DISCONNECTED = 0
    DISABLED = 1
    HOLDING = 2
    TRACKING = 3
    STOPPING = 4
    HOMING = 5
    FAULT = 6


class Reason(IntEnum):
    """Why a state was entered."""

    NONE = 0
    STARTED = 1
    OPERATOR = 2
    CHUNK_EXHAUSTED = 3
    CHUNK_STALE = 4
    POLICY_SILENT = 5
    POLICY_NOT_RUNNING = 6
    WORKSPACE = 7
    EMERGENCY_STOP = 8
    ARM_ERROR = 9
    LINK_LOST = 10
    REPLY_TIMEOUT = 11
    REPORT_STALE = 12
    TRACKING_ERROR = 13
    RECOVERED = 14
    SHUTDOWN = 15
    CHUNK_REFUSED = 16


ACTIVE = (ControllerState.HOLDING, ControllerState.TRACKING, ControllerState.STOPPING, ControllerState.HOMING)
"""States in which the arm is commanded."""
MOVING = (ControllerState.TRACKING, ControllerState.HOMING)
"""States that a watchdog stops."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a watchdog found wrong."""

    reason: Reason
    """What kind of thing."""
    text: str
    """What, for a person."""

    @property
    def is_vague(self) -> bool:
        """Whether it was concluded before the arm said why it stopped."""
        vague = (Reason.REPLY_TIMEOUT, Reason.REPORT_STALE, Reason.TRACKING_ERROR)
        return self.text.startswith("the arm left motion") or self.reason in vague


AT_HOME = Finding(reason=Reason.OPERATOR, text="at the home position")
"""Why the controller holds after moving home."""


@dataclass(frozen=True, kw_only=True)
class ControllerReport:
    """What the controller is doing, and why, at one moment."""

    state: ControllerState
    """What it is doing."""
    reason: Reason
    """Why the state was entered."""
    reason_text: str
    """The same, in words."""
    arm: ArmState | None
    """The newest report of the arm."""
    command: CommandState | None
    """What is commanded; None before the first enabling."""
    gripper_command: float
    """Commanded position of the gripper drive, rad."""
    gripper_measured: float | None
    """Measured position of the gripper drive, rad; None before the first reading."""
    chunk_sequence: int
    """Sequence number of the chunk being executed, or of the last one."""
    chunk_row: int
    """Row that belongs to now; -1 when no chunk is executed."""
    chunk_rows_left: int
    """Rows whose time has not passed."""
    num_chunks_accepted: int
    """Since activation."""
    num_chunks_refused: int
    """Since activation."""
    last_refusal: str
    """What was wrong with the chunk that was refused last."""
