"""The arm: kinematics, limits and rest position."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zr0_core.embodiment.validation import check_positive, check_text, check_unique
from zr0_core.kinematics import SerialChain, transform_from


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One revolute arm joint, turning about its own z axis."""

    name: str
    """Name in `JointState` messages."""
    origin_xyz: tuple[float, float, float]
    """Parent link to joint frame at zero position, m."""
    origin_rpy: tuple[float, float, float]
    """The same, fixed-axis angles, rad."""
    lower: float
    """Lower position limit, rad."""
    upper: float
    """Upper position limit, rad."""

    def __post_init__(self) -> None:
        check_text("name", self.name)
        if not self.lower < self.upper:
            raise ValueError(f"{self.name}: lower ({self.lower}) must be below upper ({self.upper})")


@dataclass(frozen=True, kw_only=True)
class MotionLimits:
    """Largest joint motion. The same for every joint."""

    velocity: float
    """rad/s."""
    acceleration: float
    """rad/s^2."""
    jerk: float
    """rad/s^3."""

    def __post_init__(self) -> None:
        for name in ("velocity", "acceleration", "jerk"):
            check_positive(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The box that the tool centre point must stay in, in the base frame."""

    lower: tuple[float, float, float]
    """m."""
    upper: tuple[float, float, float]
    """m."""

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"workspace lower {self.lower} must be below upper {self.upper} on every axis")


@dataclass(frozen=True, kw_only=True)
class ToolOffset:
    """Flange to tool centre point."""

    xyz: tuple[float, float, float]
    """m."""
    rpy: tuple[float, float, float]
    """Fixed-axis angles, rad."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The arm: kinematics, limits and rest position."""

    model: str
    """xarm6 or xarm7."""
    base_frame: str
    """Name of the base frame."""
    tool_frame: str
    """Name of the tool centre point frame."""
    joints: tuple[Joint, ...]
    """From the base to the flange; this order is the order of every joint vector."""
    tool_offset: ToolOffset
    """Flange to tool centre point."""
    hardware_limits: MotionLimits
    """What the arm itself allows. Stops use them in full."""
    motion_limits: MotionLimits
    """What a policy may use."""
    home: tuple[float, ...]
    """Rest position, rad, one per joint."""
    workspace: Workspace
    """Where the tool centre point may be."""

    def __post_init__(self) -> None:
        for name in ("model", "base_frame", "tool_frame"):
            check_text(name, getattr(self, name))
        if not self.joints:
            raise ValueError("joints is empty")
        check_unique("joints", [joint.name for joint in self.joints])
        self._check_limits()
        self._check_home()

    @cached_property
    def chain(self) -> SerialChain:
        """Kinematics from the base to the tool centre point."""
        return SerialChain(
            joint_transforms=np.stack(
                [transform_from(np.array(joint.origin_xyz), np.array(joint.origin_rpy)) for joint in self.joints]
            ),
            lower=np.array([joint.lower for joint in self.joints]),
            upper=np.array([joint.upper for joint in self.joints]),
            tool_transform=transform_from(np.array(self.tool_offset.xyz), np.array(self.tool_offset.rpy)),
        )

    def _check_limits(self) -> None:
        for limit in ("velocity", "acceleration", "jerk"):
            asked, allowed = getattr(self.motion_limits, limit), getattr(self.hardware_limits, limit)
            if asked > allowed:
                raise ValueError(f"motion_limits.{limit} is {asked}, above the hardware limit {allowed}")

    def _check_home(self) -> None:
        if len(self.home) != len(self.joints):
            raise ValueError(f"home has {len(self.home)} values for {len(self.joints)} joints")
        for joint, value in zip(self.joints, self.home, strict=True):
            if not joint.lower <= value <= joint.upper:
                raise ValueError(f"home: {joint.name} = {value} is outside [{joint.lower}, {joint.upper}] rad")
        tool = self.chain.forward(np.array(self.home))[:3, 3]
        if not ((self.workspace.lower <= tool) & (tool <= self.workspace.upper)).all():
            raise ValueError(
                f"home puts the tool at {tuple(round(float(value), 4) for value in tool)} m, outside the workspace "
                f"from {self.workspace.lower} to {self.workspace.upper}"
            )
