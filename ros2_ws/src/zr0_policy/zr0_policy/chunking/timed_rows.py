"""Action rows at their times."""

import math
from dataclasses import dataclass

from zr0_core.stamps import NANOSECONDS
from zr0_core.types import FloatArray

TOLERANCE = 1e-6
"""Part of a step below which two times are the same."""


@dataclass(frozen=True, kw_only=True)
class TimedRows:
    """Rows of a chunk, of which row k is to be reached at `stamp_ns` + (k + 1) * `step_period_s`."""

    stamp_ns: int
    """Stamp of the chunk's observation, nanoseconds since the epoch."""
    step_period_s: float
    """Time between rows, seconds."""
    rows: FloatArray
    """Targets (H, A), SI units."""

    def seen_from(self, stamp_ns: int) -> FloatArray:
        """Return what is left at another observation's stamp, on that observation's time grid: (K, A), K <= H.

        Values between two rows lie on the straight line between them. There is nothing left after the last row, nor
        of a chunk that is stamped later than the observation, as after the clock was set back.
        """
        shift = (stamp_ns - self.stamp_ns) / NANOSECONDS / self.step_period_s
        if shift < 0.0:
            return self.rows[:0]
        whole = math.floor(shift + TOLERANCE)
        fraction = shift - whole
        if fraction < TOLERANCE:
            return self.rows[whole:].copy()
        return (1.0 - fraction) * self.rows[whole:-1] + fraction * self.rows[whole + 1 :]
