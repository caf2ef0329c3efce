"""Forward and inverse kinematics of a serial arm, in the arm's base frame."""

from dataclasses import dataclass

import numpy as np

from zr0_core.errors import KinematicsError
from zr0_core.types import FloatArray


def rotation_from_rpy(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Build the rotation matrix Rz(yaw) Ry(pitch) Rx(roll), angles in rad, of fixed-axis roll, pitch, yaw."""
    cr, sr = np.cos(roll), np.sin(roll)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cy, sy = np.cos(yaw), np.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rpy_from_rotation(rotation: FloatArray) -> FloatArray:
    """Read fixed-axis roll, pitch, yaw (3,), rad, from a rotation matrix (3, 3).

    At pitch = +-pi/2 roll and yaw are not unique; roll is then 0.
    """
    pitch = float(np.arctan2(-rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0])))
    if np.hypot(rotation[0, 0], rotation[1, 0]) < 1e-9:
        return np.array([0.0, pitch, np.arctan2(-rotation[0, 1], rotation[1, 1])])
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return np.array([roll, pitch, yaw])


def rotation_vector(rotation: FloatArray) -> FloatArray:
    """Return the axis times the angle (3,), rad in [0, pi], of a rotation matrix (3, 3)."""
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine = float(np.linalg.norm(skew)) / 2.0
    cosine = (float(np.trace(rotation)) - 1.0) / 2.0
    angle = float(np.arctan2(sine, cosine))
    if sine > 1e-9:
        return np.asarray(skew * (angle / (2.0 * sine)))
    if cosine > 0.0:
        return np.asarray(skew / 2.0)
    # Half a turn: R + I = 2 a a^T, so the largest column is along the axis.
    column = (rotation + np.eye(3))[:, int(np.argmax(np.diag(rotation)))]
    return np.asarray(np.pi * column / np.linalg.norm(column))


def transform_from(xyz: FloatArray, rpy: FloatArray) -> FloatArray:
    """Build a homogeneous transform (4, 4) from a translation in m and fixed-axis angles in rad."""
    transform = np.eye(4)
    transform[:3, :3] = rotation_from_rpy(float(rpy[0]), float(rpy[1]), float(rpy[2]))
    transform[:3, 3] = xyz
    return transform


@dataclass(frozen=True, kw_only=True)
class SerialChain:
    """A chain of revolute joints, each turning about its own z axis."""

    joint_transforms: FloatArray
    """Parent link to joint frame at zero position, (N, 4, 4)."""
    lower: FloatArray
    """Lower joint limits (N,), rad."""
    upper: FloatArray
    """Upper joint limits (N,), rad."""
    tool_transform: FloatArray
    """Flange to tool centre point, (4, 4)."""

    def joint_frames(self, positions: FloatArray) -> FloatArray:
        """Return the joint frames and, last, the tool frame in the base frame, (N + 1, 4, 4), at positions (N,) rad."""
        frames = np.empty((len(positions) + 1, 4, 4))
        current = np.eye(4)
        for index, position in enumerate(positions):
            turn = np.eye(4)
            cosine, sine = np.cos(position), np.sin(position)
            turn[:2, :2] = ((cosine, -sine), (sine, cosine))
            current = current @ self.joint_transforms[index] @ turn
            frames[index] = current
        frames[-1] = current @ self.tool_transform
        return frames

    def forward(self, positions: FloatArray) -> FloatArray:
        """Return the tool pose in the base frame, (4, 4), at joint positions (N,) in rad."""
        tool: FloatArray = self.joint_frames(positions)[-1]
        return tool

    def jacobian(self, frames: FloatArray) -> FloatArray:
        """Return the geometric Jacobian (6, N) of the tool, linear rows first, from `joint_frames`."""
        axes = frames[:-1, :3, 2]
        arms = frames[-1, :3, 3] - frames[:-1, :3, 3]
        return np.concatenate([np.cross(axes, arms).T, axes.T])

    def inverse(
        self,
        pose_base_tool: FloatArray,
        seed: FloatArray,
        *,
        tolerance: float = 1e-6,
        max_iterations: int = 100,
    ) -> FloatArray:
        """Find joint positions (N,), rad, that put the tool at a pose, by damped least squares from a seed.

        Args:
            pose_base_tool: Tool pose in the base frame, (4, 4), m.
            seed: Joint positions to start from, (N,), rad. The nearest solution is usually found.
            tolerance: Largest pose error accepted, m and rad.
            max_iterations: Steps before giving up.

        Raises:
            KinematicsError: No solution within the joint limits was found from this seed.
        """
        positions = np.clip(np.asarray(seed, dtype=np.float64), self.lower, self.upper)
        damping = 1e-3
        frames = self.joint_frames(positions)
        error = pose_error(pose_base_tool, frames[-1])
        for _ in range(max_iterations):
            if np.linalg.norm(error) < tolerance:
                return positions
            jacobian = self.jacobian(frames)
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping**2 * np.eye(6), error)
            step *= min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-12))
            candidate = np.clip(positions + step, self.lower, self.upper)
            frames = self.joint_frames(candidate)
            new_error = pose_error(pose_base_tool, frames[-1])
            damping = max(damping / 2, 1e-6) if np.linalg.norm(new_error) < np.linalg.norm(error) else damping * 4
            positions, error = candidate, new_error
        x, y, z = pose_base_tool[:3, 3]
        raise KinematicsError(
            f"no joint positions within limits reach tool position ({x:.3f}, {y:.3f}, {z:.3f}) m in the base frame: "
            f"{np.linalg.norm(error[:3]) * 1e3:.1f} mm and {np.linalg.norm(error[3:]):.3f} rad are left after "
            f"{max_iterations} steps; choose a pose inside the workspace or a seed closer to it"
        )


def pose_error(target: FloatArray, current: FloatArray) -> FloatArray:
    """Return the twist (6,), m and rad in the base frame, that takes a pose (4, 4) to a target (4, 4)."""
    turn = rotation_vector(target[:3, :3] @ current[:3, :3].T)
    return np.concatenate([target[:3, 3] - current[:3, 3], turn])
