"""What moves the arm's setpoint, tick by tick: one generator per mode of operation."""

from collections import deque
from typing import Protocol

import numpy as np
from zr0_core.kinematics import pose_error
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import ArmModel, rotation_from_vector
from zr0_sim.box.chase import approach, approach_straight, brake, limit_change
from zr0_sim.box.codes import ErrorCode, MotionFaultError
from zr0_sim.box.settings import Settings

SMOOTHING_TICKS = 5
"""Ticks over which servo targets are averaged: 20 ms hold a whole number of commands at 50, 100, 150, 200 and 250 Hz,
so that an even stream at any of these rates gives an even motion."""
STANDSTILL = 1e-4
"""Setpoint speed, rad/s, below which the arm counts as standing."""


class Generator(Protocol):
    """Produces the next setpoint."""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is left to do."""

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Return the next setpoint (N,), rad, from the present one and its velocity (N,), rad/s.

        Raises:
            MotionFaultError: The motion must stop.
        """


class Hold:
    """Come to rest and stay."""

    def __init__(self, model: ArmModel) -> None:
        self._model = model
        self._is_still = False

    @property
    def is_idle(self) -> bool:
        """Tell whether the setpoint rests."""
        return self._is_still

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Brake at the arm's largest acceleration, within the joint limits."""
        velocity = brake(velocities, self._model.max_acceleration, dt)
        self._is_still = not velocity.any()
        lower, upper = np.minimum(self._model.flange.lower, positions), np.maximum(self._model.flange.upper, positions)
        return np.clip(positions + velocity * dt, lower, upper)


class Servo:
    """Follow the newest of a stream of joint targets as fast as the arm can (mode 1)."""

    def __init__(self, model: ArmModel, positions: FloatArray) -> None:
        self._model = model
        self.target = positions.copy()
        """Newest target (N,), rad."""
        self._recent = deque([self.target] * SMOOTHING_TICKS, maxlen=SMOOTHING_TICKS)
        self._is_idle = True

    @property
    def is_idle(self) -> bool:
        """Tell whether the newest target is reached."""
        return self._is_idle

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Move toward the average of the targets of the last ticks."""
        self._recent.append(self.target)
        error = np.mean(self._recent, axis=0) - positions
        velocity = approach(
            error,
            velocities,
            max_velocity=self._model.max_velocity,
            max_acceleration=self._model.max_acceleration,
            dt=dt,
        )
        self._is_idle = bool(np.abs(velocity).max() < STANDSTILL and np.abs(self.target - positions).max() < 1e-5)
        return positions + velocity * dt


class JointVelocity:
    """Turn the joints at given velocities (mode 4)."""

    def __init__(self, model: ArmModel) -> None:
        self._model = model
        self._wanted = np.zeros(model.num_joints)
        self._time_left = np.inf
        self._is_idle = True

    @property
    def is_idle(self) -> bool:
        """Tell whether the arm rests and should."""
        return self._is_idle

    def command(self, velocities: FloatArray, duration: float) -> None:
        """Take new velocities (N,), rad/s, to hold for `duration` s."""
        self._wanted = np.clip(velocities, -self._model.max_velocity, self._model.max_velocity)
        self._time_left = duration
        self._is_idle = False

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Change velocity within the acceleration limit; a joint that can no longer brake before its limit is C23."""
        if self._time_left <= 0.0:
            self._wanted = np.zeros_like(self._wanted)
        self._time_left -= dt
        velocity = limit_change(self._wanted, velocities, self._model.max_acceleration * dt)
        self._is_idle = not velocity.any() and not self._wanted.any()
        stop = positions + velocity * dt + np.sign(velocity) * velocity**2 / (2.0 * self._model.max_acceleration)
        self._model.check_limits(stop)
        return positions + velocity * dt


class CartesianVelocity:
    """Move the tool at a given velocity (mode 5)."""

    MAX_ACCELERATION = np.array([2.0, 2.0, 2.0, 10.0, 10.0, 10.0])
    """m/s^2 and rad/s^2."""

    def __init__(self, model: ArmModel, settings: Settings, positions: FloatArray) -> None:
        self._model = model
        self._settings = settings
        self._tool = settings.tool_pose(model, positions)
        self._wanted = np.zeros(6)
        self._present = np.zeros(6)
        self._in_tool_frame = False
        self._time_left = np.inf

    @property
    def is_idle(self) -> bool:
        """Tell whether the tool rests and should."""
        return not (self._present.any() or self._wanted.any())

    def command(self, twist: FloatArray, *, in_tool_frame: bool, duration: float) -> None:
        """Take a new velocity (6,), m/s and rad/s, in the base or tool frame, to hold for `duration` s."""
        if in_tool_frame != self._in_tool_frame:
            turn = self._tool[:3, :3].T if in_tool_frame else self._tool[:3, :3]
            self._present = np.concatenate([turn @ self._present[:3], turn @ self._present[3:]])
        self._wanted, self._in_tool_frame, self._time_left = twist, in_tool_frame, duration

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:  # noqa: ARG002
        """Move the tool pose on and solve for the joints."""
        if self._time_left <= 0.0:
            self._wanted = np.zeros(6)
        self._time_left -= dt
        largest = self.MAX_ACCELERATION * dt
        self._present = self._present + np.clip(self._wanted - self._present, -largest, largest)
        if not self._present.any():
            return positions
        turn = self._tool[:3, :3] if self._in_tool_frame else np.eye(3)
        tool = self._tool.copy()
        tool[:3, 3] += turn @ self._present[:3] * dt
        tool[:3, :3] = rotation_from_vector(turn @ self._present[3:] * dt) @ tool[:3, :3]
        self._tool = tool
        return checked_step(self._model, positions, self._model.solve(self._settings.flange_pose(tool), positions), dt)


class JointOnline:
    """Go to the newest joint target, obeying speed and acceleration, whatever the motion so far (mode 6)."""

    def __init__(self, model: ArmModel, positions: FloatArray) -> None:
        self._model = model
        self._target = positions.copy()
        self._speed = self._acceleration = 1.0
        self._is_idle = True

    @property
    def is_idle(self) -> bool:
        """Tell whether the target is reached."""
        return self._is_idle

    def command(self, target: FloatArray, *, speed: float, acceleration: float) -> None:
        """Take a new target (N,), rad, with limits for the fastest joint, rad/s and rad/s^2."""
        self._target = target
        self._speed = min(speed, self._model.max_velocity)
        self._acceleration = min(acceleration, self._model.max_acceleration)
        self._is_idle = False

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:
        """Move on, as straight as the present motion allows."""
        error = self._target - positions
        largest = float(np.abs(error).max())
        ratio = float(np.linalg.norm(error)) / largest if largest > 0.0 else 1.0
        velocity = approach_straight(
            error,
            velocities,
            max_velocity=self._speed * ratio,
            max_acceleration=self._acceleration,
            dt=dt,
        )
        self._is_idle = largest < 1e-6 and bool(np.abs(velocity).max() < STANDSTILL)
        return positions + velocity * dt


class CartesianOnline:
    """Go to the newest tool pose in a straight line, obeying speed and acceleration (mode 7)."""

    ROTATION_PER_METRE = 1000.0 * np.pi / 180.0
    """A speed limit of 1 mm/s limits the turning to 1 degree per second as well."""

    def __init__(self, model: ArmModel, settings: Settings, positions: FloatArray) -> None:
        self._model = model
        self._settings = settings
        self._tool = settings.tool_pose(model, positions)
        self._target = self._tool
        self._velocity = np.zeros(6)
        self._speed = self._acceleration = 0.1

    @property
    def is_idle(self) -> bool:
        """Tell whether the target is reached."""
        return not self._velocity.any() and bool(np.linalg.norm(pose_error(self._target, self._tool)) < 1e-6)

    @property
    def target(self) -> FloatArray:
        """Newest tool target (4, 4), m."""
        return self._target

    def command(self, target: FloatArray, *, speed: float, acceleration: float) -> None:
        """Take a new tool target (4, 4), m, with limits in m/s and m/s^2."""
        self._target, self._speed, self._acceleration = target, speed, acceleration

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:  # noqa: ARG002
        """Move the tool pose on and solve for the joints."""
        error = pose_error(self._target, self._tool)
        scale = self.ROTATION_PER_METRE
        linear = approach_straight(
            error[:3], self._velocity[:3], max_velocity=self._speed, max_acceleration=self._acceleration, dt=dt
        )
        angular = approach_straight(
            error[3:],
            self._velocity[3:],
            max_velocity=min(self._speed * scale, np.pi),
            max_acceleration=min(self._acceleration * scale, 10.0 * np.pi),
            dt=dt,
        )
        self._velocity = np.concatenate([linear, angular])
        if not self._velocity.any():
            return positions
        tool = self._tool.copy()
        tool[:3, 3] += linear * dt
        tool[:3, :3] = rotation_from_vector(angular * dt) @ tool[:3, :3]
        self._tool = tool
        return checked_step(self._model, positions, self._model.solve(self._settings.flange_pose(tool), positions), dt)


class Teach:
    """Let a hand lead the arm (mode 2): the setpoint is wherever the arm is."""

    def __init__(self) -> None:
        self.measured: FloatArray | None = None
        """Measured positions (N,), rad, given before each step."""

    @property
    def is_idle(self) -> bool:
        """A led arm counts as idle."""
        return True

    def step(self, positions: FloatArray, velocities: FloatArray, dt: float) -> FloatArray:  # noqa: ARG002
        """Return the measured positions."""
        return positions if self.measured is None else self.measured.copy()


def checked_step(model: ArmModel, positions: FloatArray, following: FloatArray, dt: float) -> FloatArray:
    """Return the following setpoint if no joint would be too fast on the way to it.

    Raises:
        MotionFaultError: Over-speed (C24), as near a singularity.
    """
    speeds = np.abs(following - positions) / dt
    if speeds.max() > model.max_velocity * 1.01:
        joint = int(speeds.argmax())
        raise MotionFaultError(
            ErrorCode.OVER_SPEED,
            f"the path asks joint {joint + 1} for {speeds[joint]:.2f} rad/s, above {model.max_velocity:.2f} rad/s",
        )
    return following
