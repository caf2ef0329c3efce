"""The strategies by name."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from zr0_core.embodiment import ActionVector
from zr0_core.errors import Zr0Error
from zr0_core.policy import Policy

from zr0_policy.chunking.ensemble import TemporalEnsemble
from zr0_policy.chunking.latest import LatestChunk
from zr0_policy.chunking.real_time import RealTimeChunk
from zr0_policy.chunking.strategy import ChunkStrategy
from zr0_policy.chunking.sync import SyncChunk


@dataclass(frozen=True, kw_only=True)
class ChunkingOptions:
    """What the strategies can be told; each reads its own."""

    sync_rows: int = 0
    """Rows that `sync` executes of every chunk; 0 for all that fit."""
    ensemble_decay: float = 0.01
    """How much `ensemble` holds on to older chunks, per chunk, 0 to 1."""
    rtc_min_rows: int = 1
    """Rows that `rtc` executes at least between two beginnings of an inference."""


STRATEGIES: dict[str, Callable[[ActionVector, ChunkingOptions], ChunkStrategy]] = {
    SyncChunk.name: lambda action, options: SyncChunk(
        horizon=action.horizon, step_period_s=action.step_period, num_rows=options.sync_rows
    ),
    LatestChunk.name: lambda _action, _options: LatestChunk(),
    TemporalEnsemble.name: lambda action, options: TemporalEnsemble(
        step_period_s=action.step_period, decay=options.ensemble_decay
    ),
    RealTimeChunk.name: lambda action, options: RealTimeChunk(
        horizon=action.horizon, step_period_s=action.step_period, min_rows=options.rtc_min_rows
    ),
}
"""Makes each strategy for an embodiment's actions."""


def make_strategy(name: str, action: ActionVector, options: ChunkingOptions) -> ChunkStrategy:
    """Build a strategy.

    Raises:
        Zr0Error: There is none of that name, or an option of it is out of range.
    """
    if name not in STRATEGIES:
        close = difflib.get_close_matches(name, STRATEGIES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Zr0Error(f"no chunking strategy named {name!r}, available: {', '.join(STRATEGIES)}{hint}")
    return STRATEGIES[name](action, options)


def require_guidance(strategy: ChunkStrategy, policy: Policy) -> None:
    """Check that a policy can do what a strategy asks of it.

    Raises:
        Zr0Error: The strategy needs a policy that continues an overlap, and this one does not.
    """
    if strategy.needs_guidance and not policy.is_guided:
        others = [name for name in STRATEGIES if name != strategy.name]
        raise Zr0Error(
            f"chunking {strategy.name!r} needs a policy that can continue a chunk, and policy {policy.name!r} cannot: "
            f"choose a flow-matching policy such as zr0, or another chunking: {', '.join(others)}"
        )
