"""What the state and action vectors hold."""

from dataclasses import dataclass
from enum import StrEnum

from zr0_core.embodiment.validation import check_positive, check_text, check_topic, check_unique

POSE_NAMES = ("x", "y", "z", "sin_roll", "cos_roll", "sin_pitch", "cos_pitch", "sin_yaw", "cos_yaw")
"""Components of a tool pose, base frame: m, then sine and cosine of the fixed-axis angles."""


class ActionSpace(StrEnum):
    """What the action vector means."""

    JOINT_POSITION = "joint_position"
    END_EFFECTOR_POSE = "end_effector_pose"


@dataclass(frozen=True, kw_only=True)
class StateVector:
    """What the state vector holds."""

    key: str
    """Feature key in observations and datasets."""
    names: tuple[str, ...]
    """Component names: joint names, the gripper joint, or pose components of the tool."""
    topic: str
    """Joint state topic."""
    max_age: float
    """Oldest measurement that an inference may use, seconds."""

    def __post_init__(self) -> None:
        check_text("key", self.key)
        check_unique("names", self.names)
        check_topic("topic", self.topic)
        check_positive("max_age", self.max_age)


@dataclass(frozen=True, kw_only=True)
class ActionVector:
    """What the action vector holds."""

    key: str
    """Feature key in datasets."""
    space: ActionSpace
    """Joint positions or end-effector pose, absolute."""
    names: tuple[str, ...]
    """Component names; the gripper joint comes last."""
    step_period: float
    """Time between the rows of a chunk, seconds."""
    horizon: int
    """Rows of a chunk."""
    max_age: float
    """Oldest observation that an accepted chunk may be computed from, seconds."""
    max_step: float
    """Largest joint change between rows, or from the commanded position to the first row, rad."""

    def __post_init__(self) -> None:
        check_text("key", self.key)
        for name in ("step_period", "horizon", "max_age", "max_step"):
            check_positive(name, getattr(self, name))
