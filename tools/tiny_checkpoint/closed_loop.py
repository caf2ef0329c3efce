"""Measure a policy in closed loop, judged by the controller's own gate."""

from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import ChunkRefusedError
from zr0_core.policy import Policy
from zr0_core.types import ActionChunk
from zr0_xarm.chunks.gate import ChunkGate
from zr0_xarm.motion.command_state import CommandState

from tiny_checkpoint.demonstrations import ROWS_PER_CHUNK
from tiny_checkpoint.table import Table


@dataclass(frozen=True, kw_only=True)
class LoopResult:
    """What happened in one stretch of closed loop."""

    num_chunks: int
    """Chunks sent."""
    num_refused: int
    """Chunks that the controller's gate refused."""
    refusals: tuple[str, ...]
    """Why, for the first few."""
    progress: float
    """By the task's rubric, 0 to 100."""
    lowest_tool_m: float
    """Lowest tool centre point of all rows, m."""
    largest_splice_rad: float
    """Largest distance from the commanded position to the row that belongs to now, rad."""


def run_closed_loop(
    policy: Policy, embodiment: Embodiment, table: Table, *, seed: int, duration_s: float
) -> LoopResult:
    """Run a policy from home for some simulated time; for a refused chunk the arm stands still."""
    table.reset(seed, embodiment.home)
    policy.reset(table.episode.setup.instruction)
    gate = ChunkGate(embodiment, embodiment.lower, embodiment.upper)
    refusals: list[str] = []
    lowest, largest, num_chunks = np.inf, 0.0, 0
    period_ns = round(embodiment.action.step_period * 1e9)
    while table.now_ns < 1e9 + duration_s * 1e9:
        observation = table.observe()
        actions = policy.infer(observation)
        num_chunks += 1
        command = CommandState.at_rest(table.commanded[:-1])
        chunk = ActionChunk(
            embodiment=embodiment.name,
            embodiment_hash=embodiment.content_hash,
            names=embodiment.action.names,
            actions=actions,
            step_period_s=embodiment.action.step_period,
            observation_stamp_ns=observation.newest_stamp_ns,
            sequence=num_chunks,
            num_executed_assumed=ROWS_PER_CHUNK,
        )
        lowest = min(lowest, *(float(embodiment.chain.forward(row[:-1])[2, 3]) for row in actions))
        largest = max(largest, float(np.abs(actions[0, :-1] - table.commanded[:-1]).max()))
        try:
            gate.admit(chunk, observation.newest_stamp_ns + period_ns // 2, command, None)
        except ChunkRefusedError as error:
            refusals.append(f"seed {seed}, {(table.now_ns - 1e9) * 1e-9:.1f} s: {error}")
            table.play(np.tile(table.commanded, (ROWS_PER_CHUNK, 1)))
            continue
        table.play(actions[:ROWS_PER_CHUNK])
    return LoopResult(
        num_chunks=num_chunks,
        num_refused=len(refusals),
        refusals=tuple(refusals[:3]),
        progress=table.episode.judgement.progress,
        lowest_tool_m=lowest,
        largest_splice_rad=largest,
    )
