"""Queued motions, once they have begun: joint positions over time."""

from typing import Protocol

import numpy as np
from zr0_core.kinematics import pose_error
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import MILLIMETRES, ArmModel, rotation_from_vector
from zr0_sim.box.codes import ErrorCode, MotionFaultError
from zr0_sim.box.profile import Profile
from zr0_sim.box.settings import Settings

MILLIMETRES_PER_RADIAN = 180.0 / np.pi
"""Length that a turn counts as: a pure rotation at `speed` mm/s turns at as many degrees per second."""


class Path(Protocol):
    """A motion from where the arm stands."""

    duration: float
    """s."""

    def positions(self, time: float, present: FloatArray) -> FloatArray:
        """Return joint positions (N,), rad, at a time since the start, s; `present` are the last commanded ones.

        Raises:
            MotionFaultError: The path cannot be followed there.
        """


class DwellPath:
    """Stay in place for a while."""

    def __init__(self, duration: float) -> None:
        self.duration = duration

    def positions(self, time: float, present: FloatArray) -> FloatArray:  # noqa: ARG002 - the same at any time
        """Return the present positions."""
        return present


class JointPath:
    """A straight line in joint space; all joints start and arrive together."""

    def __init__(self, start: FloatArray, goal: FloatArray, *, speed: float, acceleration: float, jerk: float) -> None:
        self._start = start
        self._goal = goal
        self._length = float(np.abs(goal - start).max())
        self._profile = Profile(length=self._length, speed=speed, acceleration=acceleration, jerk=jerk)
        self.duration = self._profile.duration

    def positions(self, time: float, present: FloatArray) -> FloatArray:  # noqa: ARG002 - does not depend on it
        """Return the positions on the line."""
        if self._length == 0.0:
            return self._goal
        share = self._profile.at(time) / self._length
        return self._start + share * (self._goal - self._start)


class LinePath:
    """A straight line of the tool centre point, turning evenly about one axis on the way.

    Args:
        model: The arm.
        settings: Tool and world offset; read while moving.
        start: Tool transform at the start, (4, 4), m.
        goal: Tool transform at the end, (4, 4), m.
        speed: mm/s.
        acceleration: mm/s^2.
        jerk: mm/s^3.
    """

    def __init__(
        self,
        model: ArmModel,
        settings: Settings,
        start: FloatArray,
        goal: FloatArray,
        *,
        speed: float,
        acceleration: float,
        jerk: float,
    ) -> None:
        self._model = model
        self._settings = settings
        self._start = start
        twist = pose_error(goal, start)
        self._translation, self._rotation = twist[:3], twist[3:]
        self._length = max(
            float(np.linalg.norm(self._translation)) * MILLIMETRES,
            float(np.linalg.norm(self._rotation)) * MILLIMETRES_PER_RADIAN,
        )
        self._profile = Profile(length=self._length, speed=speed, acceleration=acceleration, jerk=jerk)
        self.duration = self._profile.duration

    def positions(self, time: float, present: FloatArray) -> FloatArray:
        """Return the joint positions that put the tool on the line."""
        if self._length == 0.0:
            return present
        share = self._profile.at(time) / self._length
        tool = np.eye(4)
        tool[:3, 3] = self._start[:3, 3] + share * self._translation
        tool[:3, :3] = rotation_from_vector(share * self._rotation) @ self._start[:3, :3]
        return self._model.solve(self._settings.flange_pose(tool), present)


class CirclePath:
    """A circle of the tool centre point through three points, keeping the tool's orientation.

    Args:
        model: The arm.
        settings: Tool and world offset; read while moving.
        start: Tool transform at the start, (4, 4), m.
        second: Second point of the circle, (3,), m.
        third: Third point of the circle, (3,), m.
        percent: How much of the circumference to travel; 100 is once around.
        speed: mm/s.
        acceleration: mm/s^2.
        jerk: mm/s^3.

    Raises:
        MotionFaultError: The points lie on a line (C25).
    """

    def __init__(
        self,
        model: ArmModel,
        settings: Settings,
        start: FloatArray,
        second: FloatArray,
        third: FloatArray,
        *,
        percent: float,
        speed: float,
        acceleration: float,
        jerk: float,
    ) -> None:
        self._model = model
        self._settings = settings
        self._orientation = start[:3, :3]
        first = start[:3, 3]
        u, v = second - first, third - first
        normal = np.cross(u, v)
        if np.linalg.norm(normal) < 1e-9:
            raise MotionFaultError(ErrorCode.PLANNING, "the three points of the circle lie on one line")
        # Source: circumcentre of the triangle 0, u, v.
        centre = np.cross(u @ u * v - v @ v * u, normal) / (2.0 * normal @ normal)
        centre = -centre if not np.isclose(np.linalg.norm(centre - u), np.linalg.norm(centre)) else centre
        self._centre = first + centre
        self._arm = -centre
        self._normal = normal / np.linalg.norm(normal)
        self._angle = 2.0 * np.pi * percent / 100.0
        length = self._angle * float(np.linalg.norm(self._arm)) * MILLIMETRES
        self._profile = Profile(length=length, speed=speed, acceleration=acceleration, jerk=jerk)
        self._length = length
        self.duration = self._profile.duration

    def positions(self, time: float, present: FloatArray) -> FloatArray:
        """Return the joint positions that put the tool on the circle."""
        if self._length == 0.0:
            return present
        angle = self._angle * self._profile.at(time) / self._length
        tool = np.eye(4)
        tool[:3, :3] = self._orientation
        tool[:3, 3] = self._centre + rotation_from_vector(angle * self._normal) @ self._arm
        return self._model.solve(self._settings.flange_pose(tool), present)
