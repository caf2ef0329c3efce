"""The seams between the chunks of a fitted model, with an arm that follows them exactly."""

import dataclasses

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.policy import Policy
from zr0_core.types import Observation
from zr0_policy.chunking.strategies import ChunkingOptions, make_strategy

STEP = 100_000_000
ROWS_BETWEEN = 3
DELAY = 2
NUM_CHUNKS = 12


def mean_jump(name: str, policy: Policy, embodiment: Embodiment, observation: Observation) -> float:
    """Return the mean over the seams of the largest joint step, rad, into the first row that a new chunk decides."""
    strategy = make_strategy(name, embodiment.action, ChunkingOptions())
    policy.reset(observation.instruction)
    planned = strategy.publish(policy.infer(observation, strategy.overlap(0, DELAY)), 0, DELAY)
    jumps = []
    for index in range(1, NUM_CHUNKS):
        stamp_ns = index * ROWS_BETWEEN * STEP
        seen = dataclasses.replace(observation, state=planned[ROWS_BETWEEN - 1])
        rows = strategy.publish(policy.infer(seen, strategy.overlap(stamp_ns, DELAY)), stamp_ns, DELAY)
        # The row before the seam is the last that the arm executes of the chunk before.
        jumps.append(np.abs(rows[DELAY] - planned[ROWS_BETWEEN + DELAY - 1])[:7].max())
        planned = rows
    return float(np.mean(jumps))


def test_chunks_that_know_of_each_other_join_better(
    policy: Policy, embodiment: Embodiment, observation: Observation
) -> None:
    latest, rtc, ensemble = (mean_jump(name, policy, embodiment, observation) for name in ("latest", "rtc", "ensemble"))
    assert rtc < 0.85 * latest
    assert ensemble < 0.5 * latest
