"""Real-time chunking: the policy is asked to continue what the arm will have executed when its answer comes."""

from zr0_core.errors import Zr0Error
from zr0_core.stamps import NANOSECONDS
from zr0_core.types import FloatArray, Overlap

from zr0_policy.chunking.timed_rows import TimedRows


class RealTimeChunk:
    """Infers while the last chunk is executed, and keeps of it what will be executed meanwhile.

    The rows that are begun before the answer takes over are published as they were: the arm executes those whatever
    the policy says, and the curve that the controller lays through the chunk passes through them.

    Source: Black et al. 2025, arXiv 2506.07339, algorithm 1.

    Args:
        horizon: Rows of a chunk.
        step_period_s: Time between rows, seconds.
        min_rows: Rows that are executed at least between two beginnings of an inference, 1 to `horizon` - 1.

    Raises:
        Zr0Error: The rows are out of range.
    """

    name = "rtc"
    needs_guidance = True

    def __init__(self, *, horizon: int, step_period_s: float, min_rows: int) -> None:
        if not 1 <= min_rows < horizon:
            raise Zr0Error(
                f"rtc_min_rows is {min_rows}, expected 1 to {horizon - 1}: a chunk has {horizon} rows, and one of them "
                "must be left for the next to continue"
            )
        self._step_period_s = step_period_s
        self._min_rows = min_rows
        self._previous: TimedRows | None = None
        self._overlap: Overlap | None = None
        self._next_inference_ns = 0

    @property
    def next_inference_ns(self) -> int:
        """When enough rows of the last chunk have been executed, nanoseconds since the epoch."""
        return self._next_inference_ns

    def reset(self) -> None:
        """Forget the last chunk: infer at once, from a fresh start."""
        self._previous = None
        self._overlap = None
        self._next_inference_ns = 0

    def overlap(self, stamp_ns: int, delay: int) -> Overlap | None:
        """Return the rest of the last chunk, the first `delay` rows frozen; None when nothing is left of it.

        When less is left than the delay, the arm will have run out of rows: then all that is left is frozen.
        """
        self._overlap = None
        if self._previous is not None:
            rows = self._previous.seen_from(stamp_ns)
            if len(rows):
                self._overlap = Overlap(actions=rows, num_frozen=min(delay, len(rows)))
        return self._overlap

    def publish(self, actions: FloatArray, stamp_ns: int, delay: int) -> FloatArray:
        """Return the answer behind the rows that the last chunk keeps: the frozen ones, or more if it came late."""
        rows = actions.copy()
        if self._overlap is not None:
            kept = self._overlap.actions[: max(self._overlap.num_frozen, delay)]
            rows[: len(kept)] = kept
        self._previous = TimedRows(stamp_ns=stamp_ns, step_period_s=self._step_period_s, rows=rows)
        self._next_inference_ns = stamp_ns + round(self._min_rows * self._step_period_s * NANOSECONDS)
        return rows
