import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_sim.tasks.registry import make_task
from zr0_sim.world.plant import MujocoPlant
from zr0_sim.world.world import World

TICK = 0.004
ROBOTS = ("xarm6_gripper", "xarm7_gripper")


@pytest.mark.parametrize("name", ROBOTS)
def test_a_smooth_motion_is_followed_without_lag(name: str) -> None:
    embodiment = Embodiment.load(name)
    plant = MujocoPlant(World(embodiment, ()))
    direction = np.linspace(0.5, -0.5, len(embodiment.joint_names))
    for tick in range(1, 1001):
        time = tick * TICK
        target = embodiment.home + direction * 0.5 * (1.0 - np.cos(2.0 * time))
        plant.set_targets(target)
        plant.step(TICK)
        # 0.5 rad/s at the most: 4 mrad are 8 ms of lag.
        assert np.abs(plant.positions - target).max() < 0.004


@pytest.mark.parametrize("name", ROBOTS)
def test_a_step_settles_without_much_overshoot(name: str) -> None:
    embodiment = Embodiment.load(name)
    plant = MujocoPlant(World(embodiment, ()))
    largest = np.zeros(len(embodiment.joint_names))
    for _ in range(250):
        plant.set_targets(embodiment.home + 0.05)
        plant.step(TICK)
        largest = np.maximum(largest, plant.positions - embodiment.home)
    assert largest.max() < 0.0625
    np.testing.assert_allclose(plant.positions, embodiment.home + 0.05, atol=1e-3)
    assert np.abs(plant.velocities).max() < 0.01


def test_the_gripper_goes_to_its_target_at_the_asked_speed() -> None:
    plant = MujocoPlant(World(Embodiment.load("xarm7_gripper"), ()))
    plant.set_gripper_target(0.85, 1.0)
    passed = {}
    for tick in range(1, 301):
        plant.step(TICK)
        passed[tick] = plant.gripper_position
    assert passed[125] == pytest.approx(0.5, abs=0.05)
    assert passed[300] == pytest.approx(0.85, abs=0.005)
    plant.set_gripper_target(0.0, 2.0)
    for _ in range(25):
        plant.step(TICK)
    assert plant.gripper_velocity == pytest.approx(-2.0, abs=0.1)
    for _ in range(200):
        plant.step(TICK)
    assert plant.gripper_position == pytest.approx(0.0, abs=0.005)


def test_the_gripper_stops_on_a_cube_and_holds_it() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    task = make_task("pick_place")
    world = World(embodiment, task.objects)
    poses = {name: pose.copy() for name, pose in task.set_up(0).poses.items()}
    poses["red_cube"] = np.array([*embodiment.chain.forward(embodiment.home)[:3, 3], 1.0, 0.0, 0.0, 0.0])
    world.place_objects(poses)
    world.place_arm(embodiment.home, 0.041)
    plant = MujocoPlant(world)
    plant.set_gripper_target(0.85, 2.0)
    for _ in range(500):
        plant.step(TICK)
    # 40 mm of 85 are left open.
    assert plant.gripper_position == pytest.approx(0.45, abs=0.01)
    height = world.data.body("red_cube").xpos[2]
    assert height == pytest.approx(poses["red_cube"][2], abs=0.004)


def test_pressing_on_the_table_is_felt_and_free_motion_is_not() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    plant = MujocoPlant(World(embodiment, ()))
    low = np.diag([1.0, -1.0, -1.0, 1.0])
    low[:3, 3] = (0.4, 0.0, -0.02)
    goal = embodiment.chain.inverse(low, embodiment.home)
    for tick in range(1, 501):
        plant.set_targets(embodiment.home + (goal - embodiment.home) * tick / 500)
        plant.step(TICK)
        if tick == 250:
            assert np.abs(plant.contact_torques).max() < 0.01
    assert np.abs(plant.contact_torques).max() > 15.0
    assert np.abs(plant.efforts).max() > 15.0


def test_a_free_arm_yields_and_a_held_one_returns_to_nothing_old() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    world = World(embodiment, ())
    plant = MujocoPlant(world)
    plant.set_free_drive(True)
    joint = world.model.joint("joint1").dofadr[0]
    world.data.qfrc_applied[joint] = 3.0
    for _ in range(100):
        plant.step(TICK)
    pushed = plant.positions[0]
    assert pushed > 0.05
    world.data.qfrc_applied[joint] = 0.0
    plant.set_free_drive(False)
    for _ in range(100):
        plant.step(TICK)
    assert plant.positions[0] >= pushed
    assert abs(plant.velocities[0]) < 0.05
