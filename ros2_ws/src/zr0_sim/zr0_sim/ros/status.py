"""The simulator's status message."""

import time

import numpy as np
from geometry_msgs.msg import Pose
from zr0_core.stamps import write_stamp
from zr0_core.types import FloatArray
from zr0_msgs.msg import SimStatus

from zr0_sim.box.box import Box
from zr0_sim.camera_loop import CameraLoop
from zr0_sim.rate_meter import RateMeter
from zr0_sim.simulation import Simulation
from zr0_sim.tasks.episode import Episode
from zr0_sim.world.renderer import Backend
from zr0_sim.world.table_view import TableView


class StatusReporter:
    """Judges the task and writes down the state of table, box and cameras. Belongs to one thread.

    Args:
        simulation: The table.
        box: The control box.
        cameras: The camera loop.
        backend: What renders.
    """

    def __init__(self, simulation: Simulation, box: Box, cameras: CameraLoop, backend: Backend) -> None:
        self._simulation = simulation
        self._box = box
        self._cameras = cameras
        self._backend = backend
        frame = simulation.frame
        self._view = TableView(frame.world)
        self._episode = Episode(frame.task, frame.setup)
        self._simulated_time = RateMeter()

    def report(self) -> SimStatus:
        """Return the status of the newest tick."""
        frame = self._simulation.frame
        if frame.world is not self._view.world:
            self._view = TableView(frame.world)
        if frame.setup is not self._episode.setup:
            self._episode = Episode(frame.task, frame.setup)
        state = self._view.read(frame.snapshot)
        judgement = self._episode.update(state)
        self._simulated_time.add(time.monotonic(), frame.snapshot.time)
        with self._box.lock:
            peaks = self._box.audit.peaks
        message = SimStatus(
            task=frame.task.name,
            instruction=frame.setup.instruction,
            seed=frame.setup.seed,
            progress=judgement.progress,
            is_success=judgement.is_success,
            object_names=list(state.objects),
            object_poses=[_pose(pose) for pose in state.objects.values()],
            joint_speed=frame.joint_speed,
            max_command_velocity=peaks.velocity,
            max_command_acceleration=peaks.acceleration,
            max_command_jerk=peaks.jerk,
            real_time_factor=self._simulated_time.rate,
            camera_rate=self._cameras.rate,
            renderer=self._backend.value,
        )
        message.header.frame_id = self._simulation.embodiment.arm.base_frame
        write_stamp(message.header.stamp, frame.stamp_ns)
        write_stamp(message.last_motion, frame.last_motion_ns)
        return message


def _pose(values: FloatArray) -> Pose:
    x, y, z, qw, qx, qy, qz = np.asarray(values).tolist()
    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = x, y, z
    pose.orientation.w, pose.orientation.x, pose.orientation.y, pose.orientation.z = qw, qx, qy, qz
    return pose
