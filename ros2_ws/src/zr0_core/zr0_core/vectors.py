"""State and action vectors of an embodiment, to and from joint positions and tool poses."""

import math

import numpy as np

from zr0_core.embodiment import POSE_NAMES, Embodiment
from zr0_core.errors import ChunkRefusedError
from zr0_core.kinematics import rotation_from_rpy, rpy_from_rotation
from zr0_core.types import FloatArray

_ANGLES = ("roll", "pitch", "yaw")


def state_vector(embodiment: Embodiment, measured: FloatArray) -> FloatArray:
    """Make the state vector from measured joint positions.

    Args:
        embodiment: Declares the components, in order: joints, the gripper joint, or pose components of the tool.
        measured: Positions (N + 1,), rad, in the order of `Embodiment.measured_names`.

    Returns:
        State (S,), rad, m, and 1 for sines and cosines.
    """
    values = dict(zip(embodiment.measured_names, measured.tolist(), strict=True))
    if any(name in POSE_NAMES for name in embodiment.state.names):
        pose = embodiment.chain.forward(measured[: len(embodiment.joint_names)])
        values |= zip(POSE_NAMES, pose_components(pose).tolist(), strict=True)
    return np.array([values[name] for name in embodiment.state.names])


def pose_components(pose_base_tool: FloatArray) -> FloatArray:
    """Return a tool pose (4, 4) as the nine components `POSE_NAMES`: m, then sine and cosine of roll, pitch, yaw."""
    angles = rpy_from_rotation(pose_base_tool[:3, :3])
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    return np.concatenate([pose_base_tool[:3, 3], pairs.ravel()])


def pose_from_components(components: FloatArray, *, tolerance: float = 0.2) -> FloatArray:
    """Return the tool pose (4, 4), base frame, m, of the nine components `POSE_NAMES`.

    A policy's sine and cosine need not lie on the unit circle; the angle between them is taken.

    Args:
        components: (9,), m, then sine and cosine of roll, pitch, yaw.
        tolerance: Largest distance from the unit circle at which the angle is still believed.

    Raises:
        ChunkRefusedError: A component is not finite, or a pair is farther from the unit circle. The error names it.
    """
    if not np.isfinite(components).all():
        bad = [name for name, value in zip(POSE_NAMES, components, strict=True) if not math.isfinite(value)]
        raise ChunkRefusedError(f"pose components {', '.join(bad)} are not finite")
    angles = []
    for name, (sine, cosine) in zip(_ANGLES, components[3:].reshape(3, 2).tolist(), strict=True):
        radius = math.hypot(sine, cosine)
        if abs(radius - 1.0) > tolerance:
            raise ChunkRefusedError(
                f"sin_{name} = {sine:.3f} and cos_{name} = {cosine:.3f} lie {abs(radius - 1.0):.2f} from the unit "
                f"circle, limit {tolerance}; the policy does not know this angle"
            )
        angles.append(math.atan2(sine, cosine))
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_rpy(*angles)
    pose[:3, 3] = components[:3]
    return pose
