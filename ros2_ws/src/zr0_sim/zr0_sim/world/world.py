"""The compiled scene and its physical state."""

from collections.abc import Mapping

import mujoco
import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray

from zr0_sim.world.arm_mjcf import FINGER_JOINTS, GRIPPER_ACTUATOR
from zr0_sim.world.arm_parameters import GRIPPER_STROKE
from zr0_sim.world.objects import SceneObject
from zr0_sim.world.scene_mjcf import scene_mjcf
from zr0_sim.world.snapshot import Snapshot


class World:
    """A table with an arm and objects.

    Not thread-safe: one thread steps it. Others use the immutable `snapshot` and `TableView`.

    Args:
        embodiment: The robot.
        objects: What lies on the table.

    Raises:
        EmbodimentError: The arm model or a camera is unknown to the simulator.
    """

    def __init__(self, embodiment: Embodiment, objects: tuple[SceneObject, ...]) -> None:
        self.embodiment = embodiment
        self.objects = objects
        self.model = mujoco.MjModel.from_xml_string(scene_mjcf(embodiment, objects))
        self.data = mujoco.MjData(self.model)
        self.num_joints = len(embodiment.arm.joints)
        self._joint_addresses = np.array(
            [self.model.joint(name).qposadr[0] for name in embodiment.joint_names], dtype=np.intp
        )
        self._dof_addresses = np.array(
            [self.model.joint(name).dofadr[0] for name in embodiment.joint_names], dtype=np.intp
        )
        self._finger_addresses = np.array([self.model.joint(name).qposadr[0] for name in FINGER_JOINTS], dtype=np.intp)
        self._finger_dofs = np.array([self.model.joint(name).dofadr[0] for name in FINGER_JOINTS], dtype=np.intp)
        self._arm_actuators = np.array([self.model.actuator(name).id for name in embodiment.joint_names], dtype=np.intp)
        self.gripper_actuator = int(self.model.actuator(GRIPPER_ACTUATOR).id)
        self.place_arm(embodiment.home)

    @property
    def joint_positions(self) -> FloatArray:
        """Arm joint positions (N,), rad."""
        return np.asarray(self.data.qpos[self._joint_addresses])

    @property
    def joint_velocities(self) -> FloatArray:
        """Arm joint velocities (N,), rad/s."""
        return np.asarray(self.data.qvel[self._dof_addresses])

    @property
    def joint_efforts(self) -> FloatArray:
        """Torques of the joint drives (N,), N m."""
        return np.asarray(self.data.qfrc_actuator[self._dof_addresses])

    @property
    def joint_contact_torques(self) -> FloatArray:
        """Torques of contacts on the joints (N,), N m."""
        return np.asarray(self.data.qfrc_constraint[self._dof_addresses])

    @property
    def finger_gap(self) -> float:
        """Distance between the finger pads, m."""
        return float(self.data.qpos[self._finger_addresses].sum())

    @property
    def finger_gap_velocity(self) -> float:
        """Rate of the distance between the finger pads, m/s."""
        return float(self.data.qvel[self._finger_dofs].sum())

    def place_arm(self, positions: FloatArray, finger_gap: float | None = None) -> None:
        """Put the arm at rest at joint positions (N,), rad, and the pads `finger_gap` m apart (open when None)."""
        gap = GRIPPER_STROKE if finger_gap is None else finger_gap
        self.data.qpos[self._joint_addresses] = positions
        self.data.qvel[self._dof_addresses] = 0.0
        self.data.ctrl[self._arm_actuators] = positions
        self.data.qpos[self._finger_addresses] = gap / 2.0
        self.data.qvel[self._finger_dofs] = 0.0
        self.data.ctrl[self.gripper_actuator] = gap / 2.0
        mujoco.mj_forward(self.model, self.data)

    def take_arm_from(self, other: "World") -> None:
        """Put arm and gripper, at rest, where another scene of the same robot has them."""
        self.place_arm(other.joint_positions, other.finger_gap)

    def place_objects(self, poses: Mapping[str, FloatArray]) -> None:
        """Put objects at rest at poses (x, y, z, qw, qx, qy, qz), m, base frame.

        Raises:
            ValueError: A name is unknown, or a pose is missing.
        """
        known = {item.name for item in self.objects}
        if set(poses) != known:
            raise ValueError(f"poses must be given for exactly {sorted(known)}, got {sorted(poses)}")
        for item in self.objects:
            pose = poses[item.name]
            if item.is_movable:
                joint = self.data.joint(item.name)
                joint.qpos[:] = pose
                joint.qvel[:] = 0.0
            else:
                index = int(self.model.body(item.name).mocapid[0])
                self.data.mocap_pos[index] = pose[:3]
                self.data.mocap_quat[index] = pose[3:]
        mujoco.mj_forward(self.model, self.data)

    def set_joint_controls(self, positions: FloatArray) -> None:
        """Give the position actuators their set points (N,), rad."""
        self.data.ctrl[self._arm_actuators] = positions

    def set_finger_gap_control(self, gap: float) -> None:
        """Give the gripper's actuator its set point: the distance between the pads, m."""
        self.data.ctrl[self.gripper_actuator] = gap / 2.0

    def control_gains(self) -> tuple[FloatArray, FloatArray]:
        """Return stiffness (N,), N m/rad, and damping (N,), N m s/rad, of the position actuators."""
        gains = self.model.actuator_biasprm[self._arm_actuators]
        return -gains[:, 1], -gains[:, 2]

    def step(self, num_steps: int) -> None:
        """Advance by a number of physics steps."""
        mujoco.mj_step(self.model, self.data, num_steps)

    def snapshot(self) -> Snapshot:
        """Copy what the scene looks like now."""
        return Snapshot(
            time=float(self.data.time),
            positions=self.data.qpos.copy(),
            mocap_positions=self.data.mocap_pos.copy(),
            mocap_quaternions=self.data.mocap_quat.copy(),
        )
