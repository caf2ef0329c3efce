"""Numbers that the control box and its clients agree on."""

from enum import IntEnum, IntFlag

from zr0_core.errors import Zr0Error


class Mode(IntEnum):
    """How motion commands are understood."""

    POSITION = 0
    SERVO = 1
    TEACH = 2
    JOINT_VELOCITY = 4
    CARTESIAN_VELOCITY = 5
    JOINT_ONLINE = 6
    CARTESIAN_ONLINE = 7


class State(IntEnum):
    """State that the box reports."""

    MOVING = 1
    READY = 2
    PAUSED = 3
    STOPPED = 4
    CONFIG_CHANGED = 5
    STOPPING = 6


class Status(IntFlag):
    """Status byte of a response."""

    INVALID = 0x08
    NOT_READY = 0x10
    WARNING = 0x20
    ERROR = 0x40


class ErrorCode(IntEnum):
    """Errors; any of them stops the arm (state 4)."""

    NONE = 0
    EMERGENCY_STOP_BUTTON = 1
    EMERGENCY_STOP_INPUT = 2
    END_EFFECTOR_COMMUNICATION = 19
    KINEMATICS = 21
    JOINT_LIMIT = 23
    OVER_SPEED = 24
    PLANNING = 25
    FEEDBACK_SPEED = 30
    COLLISION = 31
    SAFETY_BOUNDARY = 35
    SERVO_LINEAR_SPEED = 60


class WarningCode(IntEnum):
    """Warnings; the command at fault is ignored, the arm goes on."""

    NONE = 0
    QUEUE_FULL = 11
    BAD_PARAMETER = 12
    UNKNOWN_COMMAND = 13
    NO_SOLUTION = 14


class FeedbackType(IntFlag):
    """Events of a command that a client can ask to be told about."""

    MOTION_START = 1
    MOTION_FINISH = 2
    TRIGGER = 4
    OTHER_START = 32
    OTHER_FINISH = 64


class FeedbackCode(IntEnum):
    """How a command ended."""

    SUCCESS = 0
    FAILURE = 1
    DISCARDED = 2


class MotionFaultError(Zr0Error):
    """A motion that the box must not make or go on with."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        """The error that the box reports."""


class BadParameterError(Zr0Error):
    """A command whose parameters are too short or have no meaning."""


class RefusedError(Zr0Error):
    """A command that makes no sense now, as a queued move in servo mode; the response is marked invalid."""
