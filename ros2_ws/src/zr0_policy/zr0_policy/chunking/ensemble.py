"""Temporal ensembling: every row is the average of what all chunks say of its time."""

import math

import numpy as np
from zr0_core.errors import Zr0Error
from zr0_core.types import FloatArray, Overlap

from zr0_policy.chunking.timed_rows import TimedRows


class TemporalEnsemble:
    """Averages chunks with weights exp(-m i), i counted from the oldest chunk that reaches a row.

    Source: Zhao et al. 2023, "Learning Fine-Grained Bimanual Manipulation with Low-Cost Hardware", section IV.

    Args:
        step_period_s: Time between rows, seconds.
        decay: m, per chunk, 0 to 1: 0 weighs all chunks alike, more holds on to older ones.

    Raises:
        Zr0Error: The decay is out of range.
    """

    name = "ensemble"
    needs_guidance = False
    next_inference_ns = 0

    def __init__(self, *, step_period_s: float, decay: float) -> None:
        if not 0.0 <= decay <= 1.0:
            raise Zr0Error(f"ensemble_decay is {decay}, expected 0 to 1")
        self._step_period_s = step_period_s
        self._decay = decay
        self._chunks: list[TimedRows] = []

    def reset(self) -> None:
        """Forget every chunk."""
        self._chunks = []

    def overlap(self, stamp_ns: int, delay: int) -> Overlap | None:  # noqa: ARG002 - answers are independent
        """Return None."""
        return None

    def publish(self, actions: FloatArray, stamp_ns: int, delay: int) -> FloatArray:  # noqa: ARG002
        """Return the average of the answer and the chunks before it."""
        newest = TimedRows(stamp_ns=stamp_ns, step_period_s=self._step_period_s, rows=actions)
        # A chunk that has run out never comes back, so that the number of those kept is bounded.
        self._chunks = [chunk for chunk in self._chunks if len(chunk.seen_from(stamp_ns))] + [newest]
        total, weights = np.zeros_like(actions), np.zeros((len(actions), 1))
        for num_newer, chunk in enumerate(reversed(self._chunks)):
            rows = chunk.seen_from(stamp_ns)
            # Relative to the newest, which alone reaches the last row.
            weight = math.exp(self._decay * num_newer)
            total[: len(rows)] += weight * rows
            weights[: len(rows)] += weight
        average: FloatArray = total / weights
        return average
