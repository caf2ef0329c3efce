"""The arm that the box believes it drives: kinematics, limits and identity."""

from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import KinematicsError
from zr0_core.kinematics import SerialChain, rotation_vector, rpy_from_rotation, transform_from
from zr0_core.types import FloatArray

from zr0_sim.box.codes import ErrorCode, MotionFaultError

MILLIMETRES = 1000.0
POSITION_TOLERANCE = 0.1 * np.pi / 180.0
"""How far outside its limits a commanded joint position may be, rad; the SDK's own checks allow as much."""

DEVICE_TYPES = {6: 6, 7: 7}
"""Device type by number of axes."""


@dataclass(frozen=True, kw_only=True)
class ArmModel:
    """One arm.

    Poses on the wire are (6,): x, y, z in mm and fixed-axis roll, pitch, yaw in rad.
    """

    flange: SerialChain
    """Kinematics up to the flange; tool offsets come on top."""
    max_velocity: float
    """Largest speed of any joint, rad/s."""
    max_acceleration: float
    """Largest acceleration of any joint, rad/s^2."""

    @classmethod
    def of(cls, embodiment: Embodiment) -> "ArmModel":
        """Take the arm of an embodiment, without its tool: the client sets the tool offset.

        Raises:
            ValueError: The arm has neither 6 nor 7 joints.
        """
        if len(embodiment.joint_names) not in DEVICE_TYPES:
            raise ValueError(f"the control box drives arms of 6 or 7 joints, got {len(embodiment.joint_names)}")
        chain = embodiment.chain
        return cls(
            flange=SerialChain(
                joint_transforms=chain.joint_transforms,
                lower=chain.lower,
                upper=chain.upper,
                tool_transform=np.eye(4),
            ),
            max_velocity=embodiment.arm.hardware_limits.velocity,
            max_acceleration=embodiment.arm.hardware_limits.acceleration,
        )

    @property
    def num_joints(self) -> int:
        """Number of joints, N."""
        return len(self.flange.lower)

    @property
    def device_type(self) -> int:
        """Number by which clients know the kind of arm."""
        return DEVICE_TYPES[self.num_joints]

    @property
    def serial_number(self) -> str:
        """Serial number of the arm. Its fourth to sixth digit (1300) select the wider joint limits in the SDK."""
        return f"XI1300{self.num_joints:02d}SIM001"

    def version(self, firmware: str) -> str:
        """What register 1 answers: axes, device type, arm and box serial numbers, firmware."""
        return f"{self.num_joints},{self.device_type},{self.serial_number[:6]},AC1300,{firmware}"

    def is_within_limits(self, positions: FloatArray) -> bool:
        """Tell whether joint positions (N,), rad, are within the limits, give or take `POSITION_TOLERANCE`."""
        lower, upper = self.flange.lower - POSITION_TOLERANCE, self.flange.upper + POSITION_TOLERANCE
        return bool(np.all((positions >= lower) & (positions <= upper)))

    def check_limits(self, positions: FloatArray) -> None:
        """Refuse joint positions (N,), rad, that are out of the limits.

        Raises:
            MotionFaultError: Joint limit (C23).
        """
        if not self.is_within_limits(positions):
            outside = [
                f"joint {index + 1} at {position:.4f} rad is outside [{low:.4f}, {high:.4f}]"
                for index, (position, low, high) in enumerate(
                    zip(positions, self.flange.lower, self.flange.upper, strict=True)
                )
                if not low - POSITION_TOLERANCE <= position <= high + POSITION_TOLERANCE
            ]
            raise MotionFaultError(ErrorCode.JOINT_LIMIT, "; ".join(outside))

    def solve(self, pose_base_flange: FloatArray, seed: FloatArray) -> FloatArray:
        """Find joint positions (N,), rad, for a flange pose (4, 4), m, near a seed.

        Raises:
            MotionFaultError: The pose cannot be reached (C21).
        """
        try:
            return self.flange.inverse(pose_base_flange, seed)
        except KinematicsError as error:
            raise MotionFaultError(ErrorCode.KINEMATICS, str(error)) from error

    def solve_anew(self, pose_base_flange: FloatArray, seed: FloatArray) -> FloatArray:
        """Do the same for a pose that may be far from the seed: also from other seeds, the given one first.

        Raises:
            MotionFaultError: The pose cannot be reached (C21).
        """
        middle = np.clip(np.zeros(self.num_joints), self.flange.lower, self.flange.upper)
        bent = middle.copy()
        bent[1], bent[-2] = -0.4, 0.8
        bent[3 if self.num_joints == 7 else 2] = 0.9 if self.num_joints == 7 else -0.9
        turned = bent.copy()
        turned[0] = np.arctan2(pose_base_flange[1, 3], pose_base_flange[0, 3])
        last: MotionFaultError | None = None
        for start in (seed, middle, bent, turned):
            try:
                return self.solve(pose_base_flange, start)
            except MotionFaultError as error:
                last = last or error
        raise last if last is not None else AssertionError("there is always a first seed")


def transform_from_pose(pose: FloatArray) -> FloatArray:
    """Turn a pose (6,), mm and rad, into a transform (4, 4), m."""
    return transform_from(pose[:3] / MILLIMETRES, pose[3:])


def pose_from_transform(transform: FloatArray) -> FloatArray:
    """Turn a transform (4, 4), m, into a pose (6,), mm and rad."""
    return np.concatenate([transform[:3, 3] * MILLIMETRES, rpy_from_rotation(transform[:3, :3])])


def axis_angle_pose_from_transform(transform: FloatArray) -> FloatArray:
    """Turn a transform (4, 4), m, into x, y, z in mm and a rotation vector in rad, (6,)."""
    return np.concatenate([transform[:3, 3] * MILLIMETRES, rotation_vector(transform[:3, :3])])


def transform_from_axis_angle_pose(pose: FloatArray) -> FloatArray:
    """Turn x, y, z in mm and a rotation vector in rad, (6,), into a transform (4, 4), m."""
    transform = np.eye(4)
    transform[:3, :3] = rotation_from_vector(pose[3:])
    transform[:3, 3] = pose[:3] / MILLIMETRES
    return transform


def rotation_from_vector(vector: FloatArray) -> FloatArray:
    """Build the rotation (3, 3) about the direction of a vector (3,) by its length in rad.

    Source: Rodrigues' formula.
    """
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def inverse_transform(transform: FloatArray) -> FloatArray:
    """Invert a rigid transform (4, 4)."""
    inverse = np.eye(4)
    inverse[:3, :3] = transform[:3, :3].T
    inverse[:3, 3] = -transform[:3, :3].T @ transform[:3, 3]
    return inverse
