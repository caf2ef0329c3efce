"""The ground truth on the table, read from snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from zr0_core.embodiment import Camera
from zr0_core.types import FloatArray

from zr0_sim.world.arm_mjcf import FINGER_JOINTS
from zr0_sim.world.mjcf import quaternion
from zr0_sim.world.snapshot import Snapshot
from zr0_sim.world.world import World


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
        self._cameras = {camera.name: camera for camera in world.embodiment.cameras}
        self._posed: Snapshot | None = None

    def pose_camera(self, camera: str, snapshot: Snapshot) -> Camera:
        """Place the scene as the snapshot has it, and return one of the embodiment's cameras by name.

        Raises:
            ValueError: The embodiment has no such camera.
        """
        if camera not in self._cameras:
            raise ValueError(f"no camera {camera!r}, available: {', '.join(self._cameras)}")
        self.pose_scene(snapshot)
        return self._cameras[camera]

    def pose_scene(self, snapshot: Snapshot) -> None:
        """Place every body, shape, camera and light of `data` as the snapshot has them."""
        if snapshot is self._posed:
            return
        self._posed = snapshot
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
