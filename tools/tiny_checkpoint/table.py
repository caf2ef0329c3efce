"""The simulated table as a loop without ROS: observe with images, play rows."""

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import CameraImage, FloatArray, Observation
from zr0_core.vectors import state_vector
from zr0_sim.tasks.episode import Episode
from zr0_sim.tasks.task import Task
from zr0_sim.world.backends import make_renderer
from zr0_sim.world.plant import MujocoPlant
from zr0_sim.world.renderer import Backend
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

TICK_S = 0.004
START_NS = 1_000_000_000


class Table:
    """One task on the simulated table, played as fast as the machine allows.

    Args:
        embodiment: The robot.
        task: What is attempted.
        backend: What renders the cameras.
    """

    def __init__(self, embodiment: Embodiment, task: Task, backend: Backend) -> None:
        self._embodiment = embodiment
        self._task = task
        self._world = World(embodiment, task.objects)
        self._view = TableView(self._world)
        self._renderer = make_renderer(self._world, backend)
        self._gripper_name = embodiment.gripper.joint
        self.reset(0, embodiment.home)

    def reset(self, seed: int, arm: FloatArray) -> None:
        """Set the task up from a seed with the arm at joint positions (N,), rad."""
        self.episode = Episode(self._task, self._task.set_up(seed))
        self._world.place_arm(arm)
        self._world.place_objects(self.episode.setup.poses)
        self._plant = MujocoPlant(self._world)
        self._num_ticks = 0
        self.commanded: FloatArray = np.append(self._plant.positions, self._plant.gripper_position)

    @property
    def now_ns(self) -> int:
        """Simulated time, nanoseconds."""
        return START_NS + round(self._num_ticks * TICK_S * 1e9)

    def observe(self, *, with_images: bool = True) -> Observation:
        """Return what a policy sees now, ground truth included."""
        snapshot = self._world.snapshot()
        measured = np.append(self._plant.positions, self._plant.gripper_position)
        images = tuple(
            CameraImage(key=camera.key, stamp_ns=self.now_ns, rgb=self._renderer.render(camera.name, snapshot))
            for camera in (self._embodiment.cameras if with_images else ())
        )
        return Observation(
            images=images,
            state=state_vector(self._embodiment, measured),
            state_stamp_ns=self.now_ns,
            instruction=self.episode.setup.instruction,
            objects=self._view.read(snapshot).objects,
        )

    def play(self, rows: FloatArray) -> None:
        """Move through rows (K, N + 1) of joint and gripper positions, rad, one per step period."""
        ticks = round(self._embodiment.action.step_period / TICK_S)
        for row in rows:
            for tick in range(1, ticks + 1):
                point = self.commanded + (row - self.commanded) * tick / ticks
                self._plant.set_targets(point[:-1])
                self._plant.set_gripper_target(float(row[-1]), self._embodiment.gripper.velocity)
                self._plant.step(TICK_S)
            self._num_ticks += ticks
            self.commanded = row
            self.episode.update(self._view.read(self._world.snapshot()))
