"""The scripted policy solves every task on the simulated table, without ROS and without the arm's wire."""

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray, Observation, Overlap
from zr0_sim.operator.rollout import run_episode
from zr0_sim.operator.scripted_policy import ScriptedPolicy
from zr0_sim.tasks.registry import make_task


class Still:
    """A policy that keeps the arm where it is."""

    name = "still"
    is_trained = True
    is_guided = False

    def reset(self, instruction: str) -> None:
        """Nothing to forget."""

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:  # noqa: ARG002
        return np.tile(observation.state, (16, 1))


@pytest.mark.parametrize(
    ("name", "num_seeds"), [("xarm7_gripper", 20), ("xarm6_gripper", 10), ("xarm7_gripper_pose", 10)]
)
def test_pick_place_succeeds_from_every_seed(name: str, num_seeds: int) -> None:
    embodiment = Embodiment.load(name)
    task = make_task("pick_place")
    limits = embodiment.arm.motion_limits
    for seed in range(num_seeds):
        result = run_episode(ScriptedPolicy(embodiment), embodiment, task, seed)
        assert result.is_success, f"seed {seed}: {result.instruction} progress {result.progress}"
        assert result.progress == 100.0
        assert result.duration < 15.0
        velocity = np.diff(result.commands[:, :-1], axis=0) / embodiment.action.step_period
        assert np.abs(velocity).max() < limits.velocity
        acceleration = np.diff(velocity, axis=0) / embodiment.action.step_period
        assert np.abs(acceleration).max() < limits.acceleration


@pytest.mark.parametrize("rows_per_chunk", [1, 9])
def test_it_does_not_matter_how_often_it_replans(rows_per_chunk: int) -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    for seed in range(3):
        result = run_episode(
            ScriptedPolicy(embodiment), embodiment, make_task("pick_place"), seed, rows_per_chunk=rows_per_chunk
        )
        assert result.is_success


def test_the_same_seed_gives_the_same_episode() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    first, second = (run_episode(ScriptedPolicy(embodiment), embodiment, make_task("pick_place"), 5) for _ in range(2))
    np.testing.assert_array_equal(first.commands, second.commands)
    assert first.duration == second.duration


def test_doing_nothing_is_no_success() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    result = run_episode(Still(), embodiment, make_task("pick_place"), 0, max_duration=2.0)
    assert not result.is_success
    assert result.progress < 20.0
    assert result.duration == pytest.approx(2.0)
