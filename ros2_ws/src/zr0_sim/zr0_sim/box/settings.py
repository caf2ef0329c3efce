"""What clients configure on the box."""

from dataclasses import dataclass, field

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import (
    ArmModel,
    inverse_transform,
    pose_from_transform,
    transform_from_pose,
)


@dataclass(kw_only=True)
class ReducedMode:
    """Tighter limits for work beside people, and the safety boundary (fence)."""

    is_on: bool = False
    is_fence_on: bool = False
    is_collision_rebound_on: bool = False
    tcp_speed: float = 100.0
    """mm/s."""
    joint_speed: float = 0.35
    """rad/s."""
    tcp_boundary: tuple[int, int, int, int, int, int] = (9999, -9999, 9999, -9999, 9999, -9999)
    """Largest and smallest x, then y, then z, mm."""
    joint_range: FloatArray = field(default_factory=lambda: np.tile([-2 * np.pi, 2 * np.pi], 7))
    """Lower and upper limit of each of 7 joints in turn, (14,), rad."""

    def allows(self, positions: FloatArray) -> bool:
        """Tell whether joint positions (N,), rad, are within the reduced joint range."""
        lower, upper = self.joint_range[0::2][: len(positions)], self.joint_range[1::2][: len(positions)]
        return bool(np.all((positions >= lower) & (positions <= upper)))

    def is_inside(self, pose: FloatArray) -> bool:
        """Tell whether a pose (6,), mm, is inside the safety boundary."""
        upper, lower = np.array(self.tcp_boundary[0::2]), np.array(self.tcp_boundary[1::2])
        return bool(np.all((pose[:3] <= upper) & (pose[:3] >= lower)))


@dataclass(kw_only=True)
class Settings:
    """Present configuration."""

    tcp_offset: FloatArray = field(default_factory=lambda: np.zeros(6))
    """Flange to tool centre point, mm and rad."""
    world_offset: FloatArray = field(default_factory=lambda: np.zeros(6))
    """Base frame of the arm in the frame that clients' poses are in, mm and rad."""
    load: FloatArray = field(default_factory=lambda: np.zeros(4))
    """Mass in kg, then centre of mass in mm."""
    gravity: FloatArray = field(default_factory=lambda: np.array([0.0, 0.0, -1.0]))
    """Direction in which things fall, in the base frame."""
    collision_sensitivity: int = 3
    """0 off, 5 most sensitive."""
    teach_sensitivity: int = 3
    """1 to 5."""
    tcp_jerk: float = 1000.0
    """mm/s^3."""
    tcp_max_acceleration: float = 50000.0
    """mm/s^2."""
    joint_jerk: float = 20.0
    """rad/s^3."""
    joint_max_acceleration: float = 20.0
    """rad/s^2."""
    is_self_collision_check_on: bool = True
    collision_tool_type: int = 0
    collision_tool_parameters: FloatArray = field(default_factory=lambda: np.zeros(6))
    is_current_reported: bool = False
    is_cartesian_velocity_continuous: bool = False
    counter: int = 0
    reduced: ReducedMode = field(default_factory=ReducedMode)
    common: dict[int, bytes] = field(default_factory=dict)
    """Parameters of registers 232 and 233, as last written."""

    def tool_pose(self, model: ArmModel, positions: FloatArray) -> FloatArray:
        """Return the tool transform (4, 4), m, in the clients' frame at joint positions (N,), rad."""
        base_tool = model.flange.forward(positions) @ transform_from_pose(self.tcp_offset)
        return transform_from_pose(self.world_offset) @ base_tool

    def flange_pose(self, tool: FloatArray) -> FloatArray:
        """Return the flange transform (4, 4), m, in the base frame for a tool transform in the clients' frame."""
        base_tool = inverse_transform(transform_from_pose(self.world_offset)) @ tool
        return base_tool @ inverse_transform(transform_from_pose(self.tcp_offset))

    def wire_pose(self, model: ArmModel, positions: FloatArray) -> FloatArray:
        """Return the tool pose (6,), mm and rad, at joint positions (N,), rad."""
        return pose_from_transform(self.tool_pose(model, positions))
