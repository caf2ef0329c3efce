"""The arm behind the control box, as the box sees it."""

from typing import Protocol

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.chase import closing_speed


class Plant(Protocol):
    """An arm with position-controlled joints and a gripper drive.

    The box calls `set_targets` and `set_gripper_target`, then `step` once per tick of 4 ms, all from the thread that
    ticks the box. Between steps the properties keep their values; other threads read them only under the box's lock.
    Arrays are (N,), N joints from base to flange.
    """

    @property
    def positions(self) -> FloatArray:
        """Measured joint positions, rad."""

    @property
    def velocities(self) -> FloatArray:
        """Measured joint velocities, rad/s."""

    @property
    def efforts(self) -> FloatArray:
        """Torques of the joint drives, N m."""

    @property
    def contact_torques(self) -> FloatArray:
        """Torques on the joints from contacts with the surroundings, N m; the box's collision detection reads them."""

    @property
    def gripper_position(self) -> float:
        """Measured position of the gripper drive joint, rad."""

    @property
    def gripper_velocity(self) -> float:
        """Measured velocity of the gripper drive joint, rad/s."""

    def set_targets(self, positions: FloatArray) -> None:
        """Give the joint positions to be at after the next step, rad."""

    def set_gripper_target(self, position: float, max_velocity: float) -> None:
        """Give the gripper drive position to go to, rad, and the largest speed on the way, rad/s."""

    def set_free_drive(self, is_free: bool) -> None:
        """Let the joints be moved by hand (gravity compensated, targets ignored), or hold them again."""

    def step(self, dt: float) -> None:
        """Advance by `dt` seconds."""


class KinematicPlant:
    """An arm without dynamics: each joint follows its target within a velocity and an acceleration limit.

    Args:
        positions: Joint positions at the start, (N,), rad.
        max_velocity: Limit of every joint, rad/s.
        max_acceleration: Limit of every joint, rad/s^2.
        gripper_position: Gripper drive position at the start, rad.
    """

    def __init__(
        self,
        positions: FloatArray,
        *,
        max_velocity: float = 3.2,
        max_acceleration: float = 25.0,
        gripper_position: float = 0.0,
    ) -> None:
        self.positions = np.array(positions, dtype=np.float64)
        self.velocities = np.zeros_like(self.positions)
        self.efforts = np.zeros_like(self.positions)
        self.contact_torques = np.zeros_like(self.positions)
        """What an obstacle would apply, N m. Set it to let the arm feel one."""
        self.gripper_position = gripper_position
        self.gripper_velocity = 0.0
        self.gripper_obstacle = np.inf
        """Drive position, rad, that the closing gripper cannot pass because an object is in the way."""
        self.is_free = False
        self._max_velocity = max_velocity
        self._max_acceleration = max_acceleration
        self._targets = self.positions.copy()
        self._previous_targets = self.positions.copy()
        self._gripper_target = gripper_position
        self._gripper_max_velocity = 1.0

    def set_targets(self, positions: FloatArray) -> None:
        """Give the joint positions to be at after the next step, (N,), rad."""
        self._targets = np.array(positions, dtype=np.float64)

    def set_gripper_target(self, position: float, max_velocity: float) -> None:
        """Give the gripper drive position to go to, rad, and the largest speed on the way, rad/s."""
        self._gripper_target = position
        self._gripper_max_velocity = max_velocity

    def set_free_drive(self, is_free: bool) -> None:
        """Let `positions` be written by the caller (a hand on the arm), or follow the targets again."""
        self.is_free = is_free

    def step(self, dt: float) -> None:
        """Advance by `dt` seconds."""
        self._step_gripper(dt)
        if self.is_free:
            self.velocities = np.zeros_like(self.positions)
            return
        target_velocity = (self._targets - self._previous_targets) / dt
        self._previous_targets = self._targets
        error = self._targets - self.positions
        # How far the joint will be behind the target after the step, if it moves on as the target does.
        behind = error - target_velocity * dt
        closing = closing_speed(behind, self._max_acceleration, dt)
        wanted = target_velocity + np.sign(behind) * closing
        wanted = np.clip(wanted, -self._max_velocity, self._max_velocity)
        change = self._max_acceleration * dt
        self.velocities = self.velocities + np.clip(wanted - self.velocities, -change, change)
        self.positions = self.positions + self.velocities * dt

    def _step_gripper(self, dt: float) -> None:
        target = min(self._gripper_target, self.gripper_obstacle)
        travel = float(np.clip(target - self.gripper_position, -1.0, 1.0))
        largest = self._gripper_max_velocity * dt
        travel = min(max(travel, -largest), largest)
        self.gripper_position += travel
        self.gripper_velocity = travel / dt
