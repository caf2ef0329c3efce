"""How far a joint still travels when it is stopped as fast as allowed."""

import numpy as np
from zr0_core.embodiment import MotionLimits
from zr0_core.types import FloatArray

from zr0_xarm.motion.command_state import CommandState


def stopping_range(state: CommandState, limits: MotionLimits) -> tuple[FloatArray, FloatArray]:
    """Bound the positions that joints reach while stopping within limits.

    First the acceleration goes to zero at full jerk, taking |a| / J and raising the speed at most to
    s = |v| + a^2 / (2 J); then an S-curve stops from s in s / A + A / J, or 2 sqrt(s / J) if A is not reached, at a
    mean speed of s / 2. The bound adds both in either direction of motion.

    Source: rest-to-speed S-curve with jerk limit, symmetric about half the speed.

    Returns:
        Lowest and highest position of every joint, (N,) each, rad.
    """
    ramp = np.abs(state.accelerations) / limits.jerk
    gain = state.accelerations**2 / (2.0 * limits.jerk)
    distances = []
    for sign in (-1.0, 1.0):
        speed = np.maximum(sign * state.velocities, 0.0) + np.where(sign * state.accelerations > 0.0, gain, 0.0)
        distances.append(speed * ramp + speed * stopping_time_from(speed, limits) / 2.0)
    return state.positions - distances[0], state.positions + distances[1]


def stopping_time(state: CommandState, limits: MotionLimits) -> float:
    """Bound the time, s, in which every joint stops within limits."""
    ramp = np.abs(state.accelerations) / limits.jerk
    speed = np.abs(state.velocities) + state.accelerations**2 / (2.0 * limits.jerk)
    return float((ramp + stopping_time_from(speed, limits)).max())


def stopping_time_from(speed: FloatArray, limits: MotionLimits) -> FloatArray:
    """Return the time, s, of an S-curve from a speed (N,), rad/s, without acceleration, to rest."""
    is_full = speed >= limits.acceleration**2 / limits.jerk
    full = speed / limits.acceleration + limits.acceleration / limits.jerk
    return np.asarray(np.where(is_full, full, 2.0 * np.sqrt(speed / limits.jerk)))
