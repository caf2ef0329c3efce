"""The compiled scene and its physical state."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray

from zr0_sim.world.arm_mjcf import FINGER_JOINTS, GRIPPER_ACTUATOR
from zr0_sim.world.arm_parameters import GRIPPER_STROKE
from zr0_sim.world.mjcf import quaternion
from zr0_sim.world.objects import SceneObject
from zr0_sim.world.scene_mjcf import scene_mjcf


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that decides what the scene looks like at one moment."""

    time: float
    """Simulated seconds since the start."""
    positions: FloatArray
    """Generalised positions, in the model's order."""
    mocap_positions: FloatArray
    """(M, 3), m, of the objects that only tasks move."""
    mocap_quaternions: FloatArray
    """(M, 4), w first."""


@dataclass(frozen=True, kw_only=True)
class TableState:
    """What a task judges and an operator sees: the ground truth on the table."""

    time: float
    """Simulated seconds since the start."""
    pose_base_tool: FloatArray
    """Tool centre point in the base frame, (4, 4)."""
    finger_gap: float
    """Distance between the finger pads, m."""
    objects: Mapping[str, FloatArray]
    """Poses (x, y, z, qw, qx, qy, qz) in the base frame, m."""


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


class TableView:
    """Reads the ground truth on the table from snapshots, with its own copy of the kinematics.

    One view belongs to one thread.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.data = mujoco.MjData(world.model)
        self._fingers = [int(world.model.joint(name).qposadr[0]) for name in FINGER_JOINTS]
        self._joints = [int(world.model.joint(name).qposadr[0]) for name in world.embodiment.joint_names]
        self._bodies = {item.name: int(world.model.body(item.name).id) for item in world.objects}

    def pose_scene(self, snapshot: Snapshot) -> None:
        """Place every body, shape, camera and light of `data` as the snapshot has them."""
        self.data.qpos[:] = snapshot.positions
        self.data.mocap_pos[:] = snapshot.mocap_positions
        self.data.mocap_quat[:] = snapshot.mocap_quaternions
        self.data.time = snapshot.time
        mujoco.mj_kinematics(self.world.model, self.data)
        mujoco.mj_comPos(self.world.model, self.data)
        mujoco.mj_camlight(self.world.model, self.data)

    def read(self, snapshot: Snapshot) -> TableState:
        """Return the ground truth at a snapshot."""
        self.pose_scene(snapshot)
        objects = {
            name: np.concatenate([self.data.xpos[body], quaternion(self.data.xmat[body].reshape(3, 3))])
            for name, body in self._bodies.items()
        }
        return TableState(
            time=snapshot.time,
            pose_base_tool=self.world.embodiment.chain.forward(snapshot.positions[self._joints]),
            finger_gap=float(snapshot.positions[self._fingers].sum()),
            objects=objects,
        )
