import numpy as np
import pytest
from zr0_sim.box.plant import KinematicPlant

DT = 0.004


def test_step_is_followed_within_limits() -> None:
    plant = KinematicPlant(np.zeros(2), max_velocity=2.0, max_acceleration=10.0)
    plant.set_targets(np.array([1.0, -0.5]))
    before = plant.velocities
    for _ in range(1000):
        plant.step(DT)
        assert np.abs(plant.velocities).max() <= 2.0 + 1e-12
        assert np.abs(plant.velocities - before).max() <= 10.0 * DT + 1e-12
        before = plant.velocities
    assert plant.positions == pytest.approx([1.0, -0.5], abs=1e-6)


def test_smooth_motion_is_followed_without_lag() -> None:
    plant = KinematicPlant(np.zeros(1))
    for tick in range(500):
        target = np.array([1.0 - np.cos(np.pi * tick / 500)])
        plant.set_targets(target)
        plant.step(DT)
        assert plant.positions == pytest.approx(target, abs=1e-4)


def test_gripper_moves_at_its_speed_and_stops_at_an_object() -> None:
    plant = KinematicPlant(np.zeros(1))
    plant.gripper_obstacle = 0.3
    plant.set_gripper_target(0.85, 1.0)
    plant.step(DT)
    assert plant.gripper_position == pytest.approx(0.004)
    assert plant.gripper_velocity == pytest.approx(1.0)
    for _ in range(500):
        plant.step(DT)
    assert plant.gripper_position == pytest.approx(0.3)
    assert plant.gripper_velocity == 0.0


def test_free_arm_ignores_targets() -> None:
    plant = KinematicPlant(np.zeros(1))
    plant.set_free_drive(True)
    plant.set_targets(np.ones(1))
    plant.step(DT)
    assert plant.positions.tolist() == [0.0]
    plant.set_free_drive(False)
    plant.step(DT)
    assert plant.positions[0] > 0.0
