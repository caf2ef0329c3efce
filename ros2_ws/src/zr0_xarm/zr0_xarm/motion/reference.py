"""A smooth curve through timed rows."""

import numpy as np
from zr0_core.types import FloatArray


class Reference:
    """Cubic spline with continuous acceleration through rows, at rest at the last row and ever after.

    Source: the velocities at the knots solve the tridiagonal system that makes the second derivative continuous
    (clamped cubic spline); https://en.wikipedia.org/wiki/Spline_interpolation, "algorithm to find the interpolating
    cubic spline".
    """

    def __init__(self, times: FloatArray, rows: FloatArray, start_velocities: FloatArray) -> None:
        """Fit the curve.

        Args:
            times: Increasing times of the rows, (K,), s, K >= 2.
            rows: Values, (K, N).
            start_velocities: Velocities at the first row, (N,), per second.
        """
        self._times = times
        self._rows = rows
        steps = np.diff(times)
        count = len(times)
        system = np.zeros((count, count))
        right = np.zeros_like(rows)
        system[0, 0] = system[-1, -1] = 1.0
        right[0] = start_velocities
        inner = np.arange(1, count - 1)
        before, after = 1.0 / steps[:-1], 1.0 / steps[1:]
        system[inner, inner - 1], system[inner, inner], system[inner, inner + 1] = before, 2.0 * (before + after), after
        slopes = np.diff(rows, axis=0) / steps[:, None]
        right[1:-1] = 3.0 * (slopes[:-1] * before[:, None] + slopes[1:] * after[:, None])
        velocities = np.linalg.solve(system, right)
        self._linear = velocities[:-1]
        self._square = (3.0 * slopes - 2.0 * velocities[:-1] - velocities[1:]) / steps[:, None]
        self._cube = (velocities[:-1] + velocities[1:] - 2.0 * slopes) / steps[:, None] ** 2

    @property
    def end(self) -> float:
        """Time of the last row, s."""
        return float(self._times[-1])

    def at(self, time: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value, velocity and acceleration, (N,) each, at a time in s; at rest before and after the rows."""
        if not self._times[0] <= time < self._times[-1]:
            row = self._rows[0] if time < self._times[0] else self._rows[-1]
            return row, np.zeros_like(row), np.zeros_like(row)
        index = int(np.searchsorted(self._times, time, side="right")) - 1
        x = time - self._times[index]
        linear, square, cube = self._linear[index], self._square[index], self._cube[index]
        value = self._rows[index] + x * (linear + x * (square + x * cube))
        return value, linear + x * (2.0 * square + 3.0 * x * cube), 2.0 * square + 6.0 * x * cube
