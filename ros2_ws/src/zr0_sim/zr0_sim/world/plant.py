"""The simulated arm as the control box drives it."""

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.world.arm_parameters import GRIPPER_STROKE
from zr0_sim.world.scene_mjcf import PHYSICS_STEP
from zr0_sim.world.world import World


class MujocoPlant:
    """An arm and gripper with dynamics and contacts. Implements `zr0_sim.box.plant.Plant`.

    Position actuators follow the targets with the targets' own velocity fed forward, so that a moving target is
    followed without a lag of damping / stiffness. The fingers' gap is linear in the drive joint: open at the gripper's
    `open` position, touching at its `closed` one.

    Args:
        world: The scene; the arm starts where it is.
    """

    def __init__(self, world: World) -> None:
        gripper = world.embodiment.gripper
        self._open, self._closed = gripper.open, gripper.closed
        self._max_velocity = world.embodiment.arm.hardware_limits.velocity
        self._is_free = False
        self._gripper_max_velocity = gripper.velocity
        self.world = world
        self._targets = world.joint_positions
        self._previous_targets = self._targets
        self._lead = np.zeros(world.num_joints)
        self.mount(world)
        self._gripper_target = self._gripper_set_point = self.gripper_position

    def mount(self, world: World) -> None:
        """Continue in another scene, with the arm as it is in `world`."""
        self.world = world
        stiffness, damping = world.control_gains()
        self._lead = damping / stiffness
        self._targets = self._previous_targets = world.joint_positions

    @property
    def positions(self) -> FloatArray:
        """Measured joint positions (N,), rad."""
        return self.world.joint_positions

    @property
    def velocities(self) -> FloatArray:
        """Measured joint velocities (N,), rad/s."""
        return self.world.joint_velocities

    @property
    def efforts(self) -> FloatArray:
        """Torques of the joint drives (N,), N m."""
        return self.world.joint_efforts

    @property
    def contact_torques(self) -> FloatArray:
        """Torques of contacts on the joints (N,), N m."""
        return self.world.joint_contact_torques

    @property
    def gripper_position(self) -> float:
        """Position of the gripper drive joint, rad, from the gap between the pads."""
        return self._closed + (self._open - self._closed) * self.world.finger_gap / GRIPPER_STROKE

    @property
    def gripper_velocity(self) -> float:
        """Velocity of the gripper drive joint, rad/s."""
        return (self._open - self._closed) * self.world.finger_gap_velocity / GRIPPER_STROKE

    def set_targets(self, positions: FloatArray) -> None:
        """Give the joint positions (N,) to be at after the next step, rad."""
        self._targets = np.array(positions, dtype=np.float64)

    def set_gripper_target(self, position: float, max_velocity: float) -> None:
        """Give the gripper drive position to go to, rad, and the largest speed on the way, rad/s."""
        self._gripper_target = position
        self._gripper_max_velocity = max_velocity

    def set_free_drive(self, is_free: bool) -> None:
        """Let the joints be moved by hand (gravity compensated, targets ignored), or hold them again."""
        self._is_free = is_free

    def step(self, dt: float) -> None:
        """Advance by `dt` seconds, a whole number of physics steps."""
        num_steps = round(dt / PHYSICS_STEP)
        self._move_gripper(dt)
        if self._is_free:
            for _ in range(num_steps):
                # A set point that leads by the damping's share cancels the actuator's force.
                self.world.set_joint_controls(self.positions + self._lead * self.velocities)
                self.world.step(1)
            self._targets = self._previous_targets = self.positions
            return
        velocity = (self._targets - self._previous_targets) / dt
        # A target that jumps has no meaningful velocity: the servo then closes the gap by itself.
        velocity = np.where(np.abs(velocity) > 1.2 * self._max_velocity, 0.0, velocity)
        self._previous_targets = self._targets
        self.world.set_joint_controls(self._targets + self._lead * velocity)
        self.world.step(num_steps)

    def _move_gripper(self, dt: float) -> None:
        largest = self._gripper_max_velocity * dt
        travel = self._gripper_target - self._gripper_set_point
        self._gripper_set_point += min(max(travel, -largest), largest)
        share_open = (self._gripper_set_point - self._closed) / (self._open - self._closed)
        self.world.set_finger_gap_control(share_open * GRIPPER_STROKE)
