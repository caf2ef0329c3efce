"""The chunks of a fitted model, by every strategy, through the controller's gate and player."""

import dataclasses

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.policy import Policy
from zr0_core.types import ActionChunk, FloatArray, Observation
from zr0_policy.chunking.delay import rows_begun
from zr0_policy.chunking.strategies import ChunkingOptions, make_strategy
from zr0_xarm.chunks.gate import ChunkGate
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.motion.command_state import CommandState

START = 1_700_000_000_000_000_000
DELAY_NS = 130_000_000
BETWEEN_NS = 270_000_000
"""No multiple of the step period, so that the rows of two chunks never fall together."""
NUM_CHUNKS = 12


def command_at(playback: Playback, now_ns: int) -> CommandState:
    positions, velocities, accelerations = playback.target(now_ns)
    return CommandState(positions=positions, velocities=velocities, accelerations=accelerations)


def splices(name: str, policy: Policy, embodiment: Embodiment, observation: Observation) -> FloatArray:
    """Return by how much, rad, the commanded joints jump as each chunk takes over from the one before.

    The arm follows its command exactly; a chunk that the gate refuses raises.
    """
    step_period_s = embodiment.action.step_period
    strategy = make_strategy(name, embodiment.action, ChunkingOptions(sync_rows=2))
    gate = ChunkGate(embodiment, embodiment.lower, embodiment.upper)
    delay = rows_begun(DELAY_NS * 1e-9, step_period_s)
    policy.reset(observation.instruction)
    playback: Playback | None = None
    command = CommandState.at_rest(embodiment.home)
    jumps = []
    stamp_ns = START
    for sequence in range(1, NUM_CHUNKS + 1):
        if playback is not None:
            command = command_at(playback, stamp_ns)
        seen = dataclasses.replace(observation, state=np.append(command.positions, 0.2), state_stamp_ns=stamp_ns)
        actions = strategy.publish(policy.infer(seen, strategy.overlap(stamp_ns, delay)), stamp_ns, delay)
        chunk = ActionChunk(
            embodiment=embodiment.name,
            embodiment_hash=embodiment.content_hash,
            names=embodiment.action.names,
            actions=actions,
            step_period_s=step_period_s,
            observation_stamp_ns=stamp_ns,
            sequence=sequence,
            num_executed_assumed=0,
        )
        now_ns = stamp_ns + DELAY_NS
        if playback is not None:
            command = command_at(playback, now_ns)
        following = gate.admit(chunk, now_ns, command, playback)
        if playback is not None:
            jumps.append(np.abs(following.target(now_ns)[0] - command.positions).max())
        playback = following
        stamp_ns = max(stamp_ns + BETWEEN_NS, strategy.next_inference_ns)
    return np.array(jumps)


def test_the_gate_admits_every_chunk_and_the_command_jumps_less_where_chunks_know_of_each_other(
    policy: Policy, embodiment: Embodiment, observation: Observation
) -> None:
    latest, sync, ensemble, rtc = (
        splices(name, policy, embodiment, observation).mean() for name in ("latest", "sync", "ensemble", "rtc")
    )
    assert sync < 0.1 * latest
    assert ensemble < 0.4 * latest
    assert rtc < 0.3 * latest
