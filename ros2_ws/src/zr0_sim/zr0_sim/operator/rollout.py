"""Run a policy on a task as fast as the machine allows, without ROS and without the arm's wire.

The arm is the simulated one; what is left out is the controller with its limits and the control box with its protocol,
so this measures the policy and the task, not the stack.
"""

from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import ActionSpace, Embodiment
from zr0_core.policy import Policy
from zr0_core.types import FloatArray, Observation
from zr0_core.vectors import pose_from_components, state_vector

from zr0_sim.tasks.episode import Episode
from zr0_sim.tasks.task import Task
from zr0_sim.world.plant import MujocoPlant
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

TICK = 0.004
"""Period of the control box, s."""
START_NS = 1_000_000_000
"""Stamp of the beginning, nanoseconds."""


@dataclass(frozen=True, kw_only=True)
class RolloutResult:
    """How an attempt ended."""

    seed: int
    """The set-up."""
    instruction: str
    """What was asked."""
    progress: float
    """By the rubric, 0 to 100."""
    is_success: bool
    """Whether the task was completed."""
    duration: float
    """Simulated time until success, or until it was given up, s."""
    commands: FloatArray
    """Rows (K, N + 1) of joint positions and gripper drive that were played, rad, one per step period."""


def run_episode(
    policy: Policy,
    embodiment: Embodiment,
    task: Task,
    seed: int,
    *,
    rows_per_chunk: int = 4,
    max_duration: float = 40.0,
) -> RolloutResult:
    """Let a policy attempt a task from one seed.

    Args:
        policy: Must not need camera images: none are rendered.
        embodiment: The robot.
        task: What is attempted.
        seed: Which set-up of it.
        rows_per_chunk: Rows played before the next inference.
        max_duration: Simulated time after which the attempt is given up, s.

    Raises:
        Zr0Error: The policy refuses an observation.
    """
    world = World(embodiment, task.objects)
    plant, view, episode = MujocoPlant(world), TableView(world), Episode(task, task.set_up(seed))
    world.place_objects(episode.setup.poses)
    policy.reset(episode.setup.instruction)
    commanded = np.append(plant.positions, plant.gripper_position)
    played: list[FloatArray] = []
    ticks_per_row = round(embodiment.action.step_period / TICK)
    num_ticks = 0
    while num_ticks * TICK < max_duration and not episode.judgement.is_success:
        observation = _observe(world, plant, view, episode, num_ticks)
        rows = _joint_rows(embodiment, policy.infer(observation)[:rows_per_chunk], commanded)
        for row in rows:
            for tick in range(1, ticks_per_row + 1):
                point = commanded + (row - commanded) * tick / ticks_per_row
                plant.set_targets(point[:-1])
                plant.set_gripper_target(float(row[-1]), embodiment.gripper.velocity)
                plant.step(TICK)
            num_ticks += ticks_per_row
            commanded = row
            played.append(row)
            episode.update(view.read(world.snapshot()))
    return RolloutResult(
        seed=seed,
        instruction=episode.setup.instruction,
        progress=episode.judgement.progress,
        is_success=episode.judgement.is_success,
        duration=num_ticks * TICK,
        commands=np.stack(played),
    )


def _observe(world: World, plant: MujocoPlant, view: TableView, episode: Episode, num_ticks: int) -> Observation:
    measured = np.append(plant.positions, plant.gripper_position)
    return Observation(
        images=(),
        state=state_vector(world.embodiment, measured),
        state_stamp_ns=START_NS + round(num_ticks * TICK * 1e9),
        instruction=episode.setup.instruction,
        objects=view.read(world.snapshot()).objects,
    )


def _joint_rows(embodiment: Embodiment, actions: FloatArray, commanded: FloatArray) -> list[FloatArray]:
    """Return action rows as joint positions and gripper drive."""
    if embodiment.action.space is ActionSpace.JOINT_POSITION:
        return list(actions)
    rows, seed = [], commanded[:-1]
    for action in actions:
        seed = embodiment.chain.inverse(pose_from_components(action[:-1]), seed)
        rows.append(np.append(seed, action[-1]))
    return rows
