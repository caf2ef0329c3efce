"""Follow a moving reference within velocity, acceleration and jerk limits."""

import numpy as np
from zr0_core.embodiment import MotionLimits
from zr0_core.types import FloatArray

from zr0_xarm.motion.command_state import CommandState

Target = tuple[FloatArray, FloatArray, FloatArray]


class Follower:
    """A triple integrator per joint, driven by bounded jerk towards a moving reference.

    The feedback is a cascade (position to velocity to acceleration to jerk), each stage saturated at its limit, with
    the reference's own derivatives fed forward. Unsaturated it is a linear law with three equal poles, so it blends
    from one chunk to the next without overshoot and without steps in acceleration, and follows a reference that
    respects the limits without lag. The jerk is constant over a period, so samples are those of a piecewise cubic
    curve with |jerk| <= limit, and finite differences of the samples obey the limits as the derivatives do.

    Velocity can be kept within its limit only if acceleration can be brought to zero in time. With period h, jerk
    limit J and velocity limit V, the follower keeps v + a^2 / (2 J) + a h / 2 <= V whenever a > 0. From such a state
    the jerk -min(J, a / h) leads to such a state again, so a permitted jerk always exists: it never has to break
    one limit to keep another. The largest next acceleration that keeps this solves
    v + a h / 2 + x h + x^2 / (2 J) = V for x. Negative velocity mirrors it.

    Compared on noisy, overlapping chunks with time-optimal planning (Ruckig) from knot to knot, which meets every
    target with full jerk, and late ones with a limit cycle: this tracks with a hundredth of the error and an eighth
    of the jerk. `tests/zr0_xarm/motion/test_follower.py` repeats the comparison. Ruckig is kept where time-optimal is
    what is wanted: for stops, and for moves to one target.
    """

    def __init__(self, limits: MotionLimits, lower: FloatArray, upper: FloatArray, period: float) -> None:
        """Make a follower.

        Args:
            limits: What the commanded motion must obey.
            lower: Lower position limits (N,), rad.
            upper: Upper position limits (N,), rad.
            period: Time between samples, s.
        """
        self._limits = limits
        self._lower = lower
        self._upper = upper
        self._period = period
        # Fast enough to follow, slow enough that each stage saturates after the one inside it has had time to act.
        pole = min(2.7 * limits.acceleration / limits.velocity, 0.8 * limits.jerk / limits.acceleration, 0.3 / period)
        self._position_gain, self._velocity_gain, self._acceleration_gain = pole / 3.0, pole, 3.0 * pole

    def step(self, state: CommandState, now: Target, following: Target) -> CommandState:
        """Return the commanded state one period later.

        Args:
            state: The commanded state; at rest, or returned by this follower.
            now: Position, velocity and acceleration of the reference at the time of `state`, (N,) each.
            following: The same one period later.
        """
        h, limits = self._period, self._limits
        p, v, a = state.positions, state.velocities, state.accelerations
        target = np.clip(now[0], self._lower, self._upper)
        inside = target == now[0]
        target_velocity = np.where(inside, _within(now[1], limits.velocity), 0.0)
        target_acceleration = np.where(inside, _within(now[2], limits.acceleration), 0.0)
        target_jerk = np.where(inside, _within((following[2] - now[2]) / h, limits.jerk), 0.0)
        wanted_velocity = np.clip(
            target_velocity + self._position_gain * (target - p),
            np.maximum(-limits.velocity, self._position_gain * (self._lower - p)),
            np.minimum(limits.velocity, self._position_gain * (self._upper - p)),
        )
        wanted_acceleration = _within(
            target_acceleration + self._velocity_gain * (wanted_velocity - v), limits.acceleration
        )
        jerk = _within(target_jerk + self._acceleration_gain * (wanted_acceleration - a), limits.jerk)
        change = limits.jerk * h
        highest = np.minimum(limits.acceleration, self._largest_acceleration(v, a))
        lowest = -np.minimum(limits.acceleration, self._largest_acceleration(-v, -a))
        following_a = np.clip(np.clip(a + jerk * h, lowest, highest), a - change, a + change)
        jerk = (following_a - a) / h
        return CommandState(
            positions=p + h * (v + h * (a / 2.0 + h * jerk / 6.0)),
            velocities=v + h * (a + h * jerk / 2.0),
            accelerations=following_a,
        )

    def _largest_acceleration(self, v: FloatArray, a: FloatArray) -> FloatArray:
        change = self._limits.jerk * self._period
        room = self._limits.velocity - v - a * self._period / 2.0
        root: FloatArray = np.sqrt(np.maximum(change**2 + 2.0 * self._limits.jerk * room, 0.0))
        return root - change


def _within(values: FloatArray, limit: float) -> FloatArray:
    return np.clip(values, -limit, limit)
