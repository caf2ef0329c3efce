"""Demonstrations by the scripted operator, with disturbances that it corrects."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray, Observation
from zr0_sim.operator.scripted_policy import ScriptedPolicy
from zr0_sim.tasks.pick_place import BIN_NAME

from tiny_checkpoint.table import Table

ROWS_PER_CHUNK = 2
"""Rows played between observations: 5 Hz, as the policy node runs."""
GRASP_RAISE_M = 0.022
"""The operator is told that cubes lie this much higher, so that it grasps away from the floor of the workspace."""
DISTURBANCE_RAD = 0.02
"""Size of the slow disturbance on joint commands in every other episode, and of the offset of the start."""
LARGEST_FIRST_STEP_RAD = 0.15
"""Where the operator asks for a larger step at once, as from a tilted start, the frame is no example to follow."""
REST_STEPS = 8
"""Observations after success: the way home."""
LONGEST_STEPS = 75


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One observation and what the operator did about it."""

    observation: Observation
    """With images."""
    actions: FloatArray
    """The operator's chunk (H, A), SI units."""


def demonstrate(embodiment: Embodiment, table: Table, seed: int) -> Iterator[Frame]:
    """Yield the frames of one episode.

    Args:
        embodiment: The robot.
        table: Where it works.
        seed: Set-up of the task and disturbances. Odd seeds are disturbed.
    """
    rng = np.random.default_rng(seed)
    num_joints = len(embodiment.joint_names)
    table.reset(seed, embodiment.home + rng.normal(0.0, 4 * DISTURBANCE_RAD, num_joints))
    operator = ScriptedPolicy(embodiment)
    operator.reset(table.episode.setup.instruction)
    size = DISTURBANCE_RAD if seed % 2 else 0.0
    disturbance = np.zeros(num_joints)
    num_rest = 0
    for _ in range(LONGEST_STEPS):
        observation = table.observe()
        actions = operator.infer(dataclasses.replace(observation, objects=_raised(observation.objects)))
        if np.abs(actions[0] - observation.state)[:num_joints].max() < LARGEST_FIRST_STEP_RAD:
            yield Frame(observation=observation, actions=actions)
        rows = actions[:ROWS_PER_CHUNK].copy()
        for row in rows:
            disturbance = 0.8 * disturbance + 0.6 * rng.normal(0.0, size, num_joints)
            row[:num_joints] += disturbance
        table.play(rows)
        num_rest += table.episode.judgement.is_success
        if num_rest > REST_STEPS:
            return


def _raised(objects: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    lift = np.array([0.0, 0.0, GRASP_RAISE_M, 0.0, 0.0, 0.0, 0.0])
    return {name: pose if name == BIN_NAME else pose + lift for name, pose in objects.items()}
