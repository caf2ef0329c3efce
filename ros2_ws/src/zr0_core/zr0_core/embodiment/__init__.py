"""The embodiment: the one place for the facts of a robot."""

from zr0_core.embodiment.arm import Arm, Joint, MotionLimits, ToolOffset, Workspace
from zr0_core.embodiment.camera import Camera
from zr0_core.embodiment.comparison import FieldDifference
from zr0_core.embodiment.embodiment import Embodiment
from zr0_core.embodiment.features import POSE_NAMES, ActionSpace, ActionVector, StateVector
from zr0_core.embodiment.gripper import Gripper
from zr0_core.embodiment.shipped import shipped_embodiments

__all__ = [
    "POSE_NAMES",
    "ActionSpace",
    "ActionVector",
    "Arm",
    "Camera",
    "Embodiment",
    "FieldDifference",
    "Gripper",
    "Joint",
    "MotionLimits",
    "StateVector",
    "ToolOffset",
    "Workspace",
    "shipped_embodiments",
]
