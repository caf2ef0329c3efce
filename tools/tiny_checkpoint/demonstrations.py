"""Demonstrations: the scripted operator goes through the motions of its errand above the table, touching nothing.

A model of this size with a frozen vision tower does not see well enough to grasp. Demonstrations of real grasps would
teach it to press on cubes and table, which the control box answers with a collision fault. So the operator mimes: it is
told that everything lies higher than it does, and that it holds the cube as soon as it has closed the gripper.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray, Observation
from zr0_sim.operator.pick_and_place import HOLDING_PHASES, Phase
from zr0_sim.operator.scripted_policy import ScriptedPolicy

from tiny_checkpoint.table import Table

ROWS_PER_CHUNK = 2
"""Rows played between observations: 5 Hz, as the policy node runs."""
MIMING_HEIGHT_M = 0.07
"""How much higher than they are the operator believes things to be."""
HELD_CLOSEDNESS = 0.5
"""What the operator believes of a gripper that is closed further, of 1: that a cube is in it."""
DISTURBANCE_RAD = 0.005
"""Size of the slow disturbance on joint commands in every other episode."""
START_OFFSET_RAD = 0.08
"""Standard deviation of the start around the home position."""
LARGEST_FIRST_STEP_RAD = 0.15
"""Where the operator asks for a larger step at once, as from a tilted start, the frame is no example to follow."""
REST_STEPS = 10
"""Observations on the way home and there."""
LONGEST_STEPS = 75


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One observation and what the operator did about it."""

    observation: Observation
    """With images."""
    actions: FloatArray
    """The operator's chunk (H, A), SI units."""


class Mime:
    """The scripted operator with what it is made to believe.

    Args:
        embodiment: The robot.
        instruction: What it is asked to do.
        item: Name of the object that the instruction is about.
    """

    def __init__(self, embodiment: Embodiment, instruction: str, item: str) -> None:
        self._embodiment = embodiment
        self._operator = ScriptedPolicy(embodiment)
        self._operator.reset(instruction)
        self._item = item
        self._carried_to: FloatArray | None = None

    @property
    def is_going_home(self) -> bool:
        """Whether the errand is over."""
        return self._operator.phase is Phase.HOME

    def infer(self, observation: Observation) -> FloatArray:
        """Return the operator's chunk (H, A), SI units."""
        gripper = self._embodiment.gripper
        lift = np.array([0.0, 0.0, MIMING_HEIGHT_M, 0.0, 0.0, 0.0, 0.0])
        # Turned cubes would make it turn, and the frozen vision tower cannot see how a cube is turned.
        square = np.array([1.0, 0.0, 0.0, 0.0])
        told = {name: np.append((pose + lift)[:3], square) for name, pose in observation.objects.items()}
        if self._operator.phase in HOLDING_PHASES:
            tool = self._embodiment.chain.forward(observation.state[:-1])[:3, 3]
            self._carried_to = np.append(tool, square)
        if self._carried_to is not None:
            told[self._item] = self._carried_to
        state = observation.state.copy()
        state[-1] = min(state[-1], gripper.open + HELD_CLOSEDNESS * (gripper.closed - gripper.open))
        return self._operator.infer(dataclasses.replace(observation, objects=told, state=state))


def demonstrate(embodiment: Embodiment, table: Table, seed: int) -> Iterator[Frame]:
    """Yield the frames of one episode.

    Args:
        embodiment: The robot.
        table: Where it works.
        seed: Set-up of the task and disturbances. Odd seeds are disturbed.
    """
    rng = np.random.default_rng(seed)
    num_joints = len(embodiment.joint_names)
    table.reset(seed, embodiment.home + rng.normal(0.0, START_OFFSET_RAD, num_joints))
    setup = table.episode.setup
    mime = Mime(embodiment, setup.instruction, setup.roles["item"])
    size = DISTURBANCE_RAD if seed % 2 else 0.0
    disturbance = np.zeros(num_joints)
    num_rest = 0
    for _ in range(LONGEST_STEPS):
        observation = table.observe()
        actions = mime.infer(observation)
        if np.abs(actions[0] - observation.state)[:num_joints].max() < LARGEST_FIRST_STEP_RAD:
            yield Frame(observation=observation, actions=actions)
        rows = actions[:ROWS_PER_CHUNK].copy()
        for row in rows:
            disturbance = 0.8 * disturbance + 0.6 * rng.normal(0.0, size, num_joints)
            row[:num_joints] += disturbance
        table.play(rows)
        num_rest += mime.is_going_home
        if num_rest > REST_STEPS:
            return
