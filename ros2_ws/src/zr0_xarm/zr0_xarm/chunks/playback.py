"""An accepted chunk, as it is played."""

import numpy as np
from zr0_core.types import FloatArray

from zr0_xarm.motion.command_state import CommandState
from zr0_xarm.motion.follower import Target
from zr0_xarm.motion.reference import Reference

NS = 1e-9


class Playback:
    """Rows of joint and gripper positions at their times, and the curve through them.

    The curve starts at the row that belongs to now: rows whose time has passed only shape it. When even the first row
    lies ahead, it starts at what is commanded now.
    """

    def __init__(
        self,
        *,
        sequence: int,
        observation_stamp_ns: int,
        step_period: float,
        rows: FloatArray,
        gripper_rows: FloatArray,
        now_ns: int,
        command: CommandState,
    ) -> None:
        """Prepare a chunk.

        Args:
            sequence: Sequence number of the chunk.
            observation_stamp_ns: Row k is reached at this time + (k + 1) * step_period.
            step_period: Time between rows, s.
            rows: Joint positions (H, N), rad.
            gripper_rows: Gripper drive positions (H,), rad.
            now_ns: The present, ns since the epoch.
            command: What is commanded now.
        """
        self.sequence = sequence
        self.observation_stamp_ns = observation_stamp_ns
        self.rows = rows
        self._step_period = step_period
        self._gripper_rows = gripper_rows
        self._row_times: FloatArray = step_period * np.arange(1, len(rows) + 1, dtype=np.float64)
        times: FloatArray = self._row_times
        knots, velocities = rows, command.velocities
        now = self._seconds(now_ns)
        if now < times[0] - 0.01 or len(rows) == 1:
            times = np.insert(times, 0, min(now, float(times[0]) - 0.01))
            knots = np.vstack([command.positions, rows])
        else:
            velocities = (rows[1] - rows[0]) / step_period
        self._reference = Reference(times, knots, velocities)

    def _seconds(self, now_ns: int) -> float:
        return (now_ns - self.observation_stamp_ns) * NS

    def target(self, now_ns: int) -> Target:
        """Return position, velocity and acceleration of the curve, (N,) each."""
        return self._reference.at(self._seconds(now_ns))

    def gripper(self, now_ns: int) -> float:
        """Return the gripper drive position, rad, between rows in proportion."""
        return float(np.interp(self._seconds(now_ns), self._row_times, self._gripper_rows))

    def row(self, now_ns: int) -> int:
        """Return the row that is to be reached next; the horizon when all rows have passed."""
        return int(np.searchsorted(self._row_times, self._seconds(now_ns)))

    def rows_left(self, now_ns: int) -> int:
        """Count the rows whose time has not passed."""
        return len(self.rows) - self.row(now_ns)

    def time_left(self, now_ns: int) -> float:
        """Return the time until the last row, s; negative after it."""
        return float(self._row_times[-1]) - self._seconds(now_ns)
