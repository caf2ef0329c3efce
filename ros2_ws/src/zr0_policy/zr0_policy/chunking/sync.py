"""Infer, execute, infer anew: the arm waits for every answer."""

import numpy as np
from zr0_core.errors import Zr0Error
from zr0_core.stamps import NANOSECONDS
from zr0_core.types import FloatArray, Overlap


class SyncChunk:
    """Executes a chunk from its first row, and infers again when that is done.

    The answer is moved to later rows by its delay: until it is there, the arm stays at the last row that it executed.
    What does not fit into the horizon any more is left out, but never the first row; what follows the executed rows
    stays at their last.

    Args:
        horizon: Rows of a chunk.
        step_period_s: Time between rows, seconds.
        num_rows: Rows to execute of every answer, 1 to `horizon`; 0 for all that fit.

    Raises:
        Zr0Error: More rows are to be executed than a chunk has.
    """

    name = "sync"
    needs_guidance = False

    def __init__(self, *, horizon: int, step_period_s: float, num_rows: int = 0) -> None:
        if not 0 <= num_rows <= horizon:
            raise Zr0Error(
                f"sync_rows is {num_rows}, expected 1 to {horizon}, the rows of a chunk, or 0 for all that fit"
            )
        self._horizon = horizon
        self._step_period_s = step_period_s
        self._num_rows = num_rows or horizon
        self._next_inference_ns = 0
        self._last_row: FloatArray | None = None

    @property
    def next_inference_ns(self) -> int:
        """When the last executed row of the last chunk is reached, nanoseconds since the epoch."""
        return self._next_inference_ns

    def reset(self) -> None:
        """Forget the last chunk: infer at once, and wait for the first answer at its first row."""
        self._next_inference_ns = 0
        self._last_row = None

    def overlap(self, stamp_ns: int, delay: int) -> Overlap | None:  # noqa: ARG002 - the arm stands still
        """Return None: nothing of the last chunk is left."""
        return None

    def publish(self, actions: FloatArray, stamp_ns: int, delay: int) -> FloatArray:
        """Return the answer's rows behind `delay` rows of waiting."""
        delay = min(delay, self._horizon - 1)
        num_rows = min(self._num_rows, self._horizon - delay)
        waiting = actions[0] if self._last_row is None else self._last_row
        self._last_row = actions[num_rows - 1].copy()
        end = delay + num_rows
        self._next_inference_ns = stamp_ns + round(end * self._step_period_s * NANOSECONDS)
        return np.concatenate(
            [
                np.tile(waiting, (delay, 1)),
                actions[:num_rows],
                np.tile(self._last_row, (self._horizon - end, 1)),
            ]
        )
