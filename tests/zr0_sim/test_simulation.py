import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_sim.simulation import Simulation
from zr0_sim.tasks.pick_place import PickPlace
from zr0_sim.tasks.registry import TASKS
from zr0_sim.tasks.task import TaskSetup
from zr0_sim.world.objects import SceneObject

EMBODIMENT = Embodiment.load("xarm7_gripper")
TICK = 0.004


class OneCube(PickPlace):
    """A second task with fewer objects."""

    name = "one_cube"

    def __init__(self) -> None:
        super().__init__()
        self.objects: tuple[SceneObject, ...] = (self.objects[0], self.objects[-1])

    def set_up(self, seed: int) -> TaskSetup:
        setup = super().set_up(seed)
        names = [item.name for item in self.objects]
        return TaskSetup(
            seed=seed,
            instruction="Put the red cube into the blue bin.",
            poses={name: setup.poses[name] for name in names},
            roles={"item": "red_cube", "target": "blue_bin"},
        )


@pytest.fixture
def running() -> Iterator[Simulation]:
    """A simulation whose physics thread runs."""
    simulation = Simulation(EMBODIMENT, "pick_place", 0)
    stopping = threading.Event()

    def tick() -> None:
        while not stopping.is_set():
            simulation.plant.step(TICK)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    yield simulation
    stopping.set()
    thread.join()


def test_every_step_makes_a_new_frame() -> None:
    simulation = Simulation(EMBODIMENT, "pick_place", 0)
    before = simulation.frame
    simulation.plant.step(TICK)
    after = simulation.frame
    assert before.num_ticks == 0
    assert after.num_ticks == 1
    assert after.snapshot.time == pytest.approx(TICK)
    assert after.stamp_ns > before.stamp_ns


def test_a_reset_moves_the_objects_and_leaves_the_arm(running: Simulation) -> None:
    before = running.frame
    setup = running.reset("", 11)
    frame = running.frame
    assert frame.setup is setup
    assert frame.setup.seed == 11
    assert frame.world is before.world
    num_arm = len(EMBODIMENT.joint_names)
    np.testing.assert_allclose(frame.snapshot.positions[:num_arm], before.snapshot.positions[:num_arm], atol=1e-3)
    assert not np.allclose(frame.snapshot.positions[num_arm + 2 :], before.snapshot.positions[num_arm + 2 :], atol=1e-3)


def test_another_task_brings_another_scene_with_the_same_arm(
    running: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "one_cube", OneCube)
    goal = EMBODIMENT.home + 0.1
    running.between_ticks(lambda: running.plant.set_targets(goal))
    start = running.frame.num_ticks
    while running.frame.num_ticks < start + 250:
        time.sleep(0.01)
    before = running.between_ticks(lambda: running.plant.positions)
    np.testing.assert_allclose(before, goal, atol=5e-3)
    running.reset("one_cube", 2)
    frame = running.frame
    assert frame.task.name == "one_cube"
    assert [item.name for item in frame.world.objects] == ["red_cube", "blue_bin"]
    np.testing.assert_allclose(frame.snapshot.positions[:7], before, atol=5e-3)


def test_an_unknown_task_is_refused_and_nothing_changes(running: Simulation) -> None:
    setup = running.frame.setup
    with pytest.raises(Zr0Error, match="no task named 'juggle'"):
        running.reset("juggle", 0)
    assert running.frame.setup is setup


def test_a_reset_without_a_physics_thread_is_refused_and_not_done_later() -> None:
    simulation = Simulation(EMBODIMENT, "pick_place", 0)
    with pytest.raises(Zr0Error, match=r"did not tick for 0\.05 s"):
        simulation.reset("", 3, timeout=0.05)
    simulation.plant.step(TICK)
    assert simulation.frame.setup.seed == 0


def test_an_error_in_an_action_reaches_the_caller_and_physics_goes_on(running: Simulation) -> None:
    def fail() -> None:
        raise Zr0Error("no such thing")

    with pytest.raises(Zr0Error, match="no such thing"):
        running.between_ticks(fail)
    count = running.frame.num_ticks
    running.between_ticks(lambda: None)
    assert running.frame.num_ticks >= count
