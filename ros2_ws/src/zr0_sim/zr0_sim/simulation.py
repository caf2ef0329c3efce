"""A running table: physics in one thread, readers in others, without either waiting for the other."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_sim.tasks.registry import make_task
from zr0_sim.tasks.task import Task, TaskSetup
from zr0_sim.world.plant import MujocoPlant
from zr0_sim.world.snapshot import Snapshot
from zr0_sim.world.world import World

Result = TypeVar("Result")

STANDSTILL_SPEED = 0.05
"""An arm whose joints turn no faster than this stands still, rad/s."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The table at one tick. Immutable, so that readers need no lock."""

    stamp_ns: int
    """When the tick was computed, nanoseconds since the epoch."""
    world: World
    """The scene; only its model may be used outside the physics thread."""
    snapshot: Snapshot
    """Where everything is."""
    task: Task
    """What is to be done."""
    setup: TaskSetup
    """How the attempt began."""
    num_ticks: int
    """Ticks since the start."""
    joint_speed: float
    """How fast the fastest arm joint turns, rad/s."""
    last_motion_ns: int
    """When a joint last turned faster than `STANDSTILL_SPEED`, nanoseconds since the epoch; 0 if never."""


class SimulatedPlant(MujocoPlant):
    """A plant that lets its owner act between steps and look at the result of each."""

    def __init__(self, world: World, before_step: Callable[[], None], after_step: Callable[[], None]) -> None:
        super().__init__(world)
        self._before_step = before_step
        self._after_step = after_step

    def step(self, dt: float) -> None:
        """Advance by `dt` seconds."""
        self._before_step()
        super().step(dt)
        self._after_step()


class Simulation:
    """The table with its task. The thread that steps `plant` is the only one that touches physics.

    Args:
        embodiment: The robot.
        task: Name of the task to begin with.
        seed: Which set-up of it.

    Raises:
        Zr0Error: The task or the arm model is unknown.
    """

    def __init__(self, embodiment: Embodiment, task: str, seed: int) -> None:
        self.embodiment = embodiment
        self._task = make_task(task)
        self._setup = self._task.set_up(seed)
        world = World(embodiment, self._task.objects)
        world.place_objects(self._setup.poses)
        self._requests: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._served: deque[Future[None]] = deque()
        self._num_ticks = 0
        self._last_motion_ns = 0
        self.plant = SimulatedPlant(world, self._serve_requests, self._publish)
        """What the control box drives."""
        self.frame = self._look()
        """The newest tick. Read it once, then use what was read."""

    def reset(self, task: str, seed: int, timeout: float = 5.0) -> TaskSetup:
        """Set up a task's objects anew, from any thread but the physics thread; the arm stays where it is.

        Args:
            task: Name; empty keeps the present task.
            seed: Which set-up of it.
            timeout: Longest wait for the physics thread, s.

        Raises:
            Zr0Error: The task is unknown, or the physics thread does not run.
        """
        new_task = make_task(task) if task else self._task
        setup = new_task.set_up(seed)
        new_world = World(self.embodiment, new_task.objects) if new_task.name != self._task.name else None

        def apply() -> None:
            if new_world is not None:
                new_world.take_arm_from(self.plant.world)
                self.plant.mount(new_world)
            self.plant.world.place_objects(setup.poses)
            self._task, self._setup = new_task, setup

        self.between_ticks(apply, timeout)
        return setup

    def between_ticks(self, action: Callable[[], Result], timeout: float = 5.0) -> Result:
        """Do something in the physics thread before its next step, from any other thread, and return its result.

        When it returns, `frame` shows the table after that step.

        Raises:
            Zr0Error: The physics thread does not run.
        """
        results: list[Result] = []
        done: Future[None] = Future()
        self._requests.append((lambda: results.append(action()), done))
        try:
            done.result(timeout)
        except TimeoutError as error:
            done.cancel()
            raise Zr0Error(f"the simulated control box did not tick for {timeout} s") from error
        return results[0]

    def _serve_requests(self) -> None:
        while self._requests:
            action, done = self._requests.popleft()
            if not done.set_running_or_notify_cancel():
                continue
            try:
                action()
            # The edge between two threads: the caller, not physics, is told.
            except Exception as error:  # noqa: BLE001
                done.set_exception(error)
            else:
                self._served.append(done)

    def _publish(self) -> None:
        self._num_ticks += 1
        self.frame = self._look()
        while self._served:
            self._served.popleft().set_result(None)

    def _look(self) -> Frame:
        stamp_ns = time.time_ns()
        joint_speed = float(np.abs(self.plant.velocities).max())
        if joint_speed > STANDSTILL_SPEED:
            self._last_motion_ns = stamp_ns
        return Frame(
            stamp_ns=stamp_ns,
            world=self.plant.world,
            snapshot=self.plant.world.snapshot(),
            task=self._task,
            setup=self._setup,
            num_ticks=self._num_ticks,
            joint_speed=joint_speed,
            last_motion_ns=self._last_motion_ns,
        )
