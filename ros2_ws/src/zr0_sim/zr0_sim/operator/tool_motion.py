"""Smooth motion of a tool that points straight down, towards goals that may change at any time."""

import math
from dataclasses import dataclass, replace

import numpy as np
from zr0_core.kinematics import transform_from
from zr0_core.types import FloatArray

LINEAR_SPEED = 0.24
"""m/s."""
LINEAR_ACCELERATION = 0.8
"""m/s^2."""
YAW_SPEED = 1.0
"""rad/s."""
YAW_ACCELERATION = 3.0
"""rad/s^2."""
BRAKING_SHARE = 0.7
"""Part of the acceleration that is planned for braking; the rest absorbs discretisation."""
SUBSTEP = 0.01
"""s."""


@dataclass(frozen=True, kw_only=True)
class ToolMotion:
    """Where a downward tool is and how it moves, in the base frame."""

    position: FloatArray
    """(3,), m."""
    velocity: FloatArray
    """(3,), m/s."""
    yaw: float
    """Turn about the vertical, rad."""
    yaw_rate: float
    """rad/s."""

    @property
    def pose(self) -> FloatArray:
        """Pose of the tool centre point, (4, 4)."""
        return transform_from(self.position, np.array([math.pi, 0.0, self.yaw]))


def at_rest(pose_base_tool: FloatArray) -> ToolMotion:
    """Take a tool pose (4, 4) as the start of a motion; its tilt from the vertical is dropped."""
    yaw = math.atan2(pose_base_tool[1, 0], pose_base_tool[0, 0])
    return ToolMotion(position=pose_base_tool[:3, 3].copy(), velocity=np.zeros(3), yaw=yaw, yaw_rate=0.0)


def blend(first: ToolMotion, second: ToolMotion, share: float) -> ToolMotion:
    """Return the motion a share in [0, 1] of the way from one to another."""
    return ToolMotion(
        position=(1.0 - share) * first.position + share * second.position,
        velocity=(1.0 - share) * first.velocity + share * second.velocity,
        yaw=(1.0 - share) * first.yaw + share * second.yaw,
        yaw_rate=(1.0 - share) * first.yaw_rate + share * second.yaw_rate,
    )


def advance(motion: ToolMotion, goal: FloatArray, goal_yaw: float, duration: float, speed: float) -> ToolMotion:
    """Move towards a goal for some time, within speed and acceleration, and stop on it.

    Args:
        motion: Where the tool is and how it moves.
        goal: Where to stop, (3,), m.
        goal_yaw: Turn to stop at, rad.
        duration: For how long, s.
        speed: Share of the full speed, in (0, 1].
    """
    num_steps = max(1, math.ceil(duration / SUBSTEP))
    dt = duration / num_steps
    for _ in range(num_steps):
        away = goal - motion.position
        velocity = _closing_velocity(away, motion.velocity, speed * LINEAR_SPEED, LINEAR_ACCELERATION, dt)
        turn = np.array([goal_yaw - motion.yaw])
        rate = _closing_velocity(turn, np.array([motion.yaw_rate]), YAW_SPEED, YAW_ACCELERATION, dt)
        motion = replace(
            motion,
            position=motion.position + velocity * dt,
            velocity=velocity,
            yaw=motion.yaw + float(rate[0]) * dt,
            yaw_rate=float(rate[0]),
        )
    return motion


def _closing_velocity(
    away: FloatArray, velocity: FloatArray, max_speed: float, max_acceleration: float, dt: float
) -> FloatArray:
    """Return the velocity to have next: towards the goal, never faster than can be braked before it."""
    distance = float(np.linalg.norm(away))
    speed = min(max_speed, math.sqrt(2.0 * BRAKING_SHARE * max_acceleration * distance), distance / dt)
    wanted = away / distance * speed if distance > 0.0 else np.zeros_like(away)
    change = wanted - velocity
    size = float(np.linalg.norm(change))
    if size > max_acceleration * dt:
        change *= max_acceleration * dt / size
    return np.asarray(velocity + change)
