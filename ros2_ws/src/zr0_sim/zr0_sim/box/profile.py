"""Progress along a path with limited speed, acceleration and jerk."""

import math


class Profile:
    """Travel from 0 to `length`, starting and ending at rest.

    A trapezoid of speed, averaged over a sliding window: the window's width limits the jerk.

    Args:
        length: Distance, in any unit u, at least 0.
        speed: Largest speed, u/s.
        acceleration: Largest acceleration, u/s^2.
        jerk: Largest jerk, u/s^3.

    Raises:
        ValueError: A limit is not above 0, or the length is below 0.
    """

    def __init__(self, *, length: float, speed: float, acceleration: float, jerk: float) -> None:
        for name, value in (("speed", speed), ("acceleration", acceleration), ("jerk", jerk)):
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}, expected a finite number above 0")
        if not (math.isfinite(length) and length >= 0.0):
            raise ValueError(f"length is {length}, expected a finite number of at least 0")
        # The plateau lasts at least as long as the window, or speeding up and slowing down would add up to twice the
        # jerk: length = v (v / a + window). Where the ramp is too short to reach the acceleration, the window equals
        # the ramp: v = a^2 / j.
        window = acceleration / jerk
        peak = acceleration * (math.sqrt(window**2 + 4.0 * length / acceleration) - window) / 2.0
        if peak < acceleration * window:
            peak = (length / 2.0) ** (2.0 / 3.0) * jerk ** (1.0 / 3.0)
        self._peak = min(peak, speed)
        self._acceleration = min(acceleration, math.sqrt(self._peak * jerk))
        self._window = self._acceleration / jerk
        self._length = length
        self._ramp = self._peak / self._acceleration if length > 0.0 else 0.0
        self._cruise = length / self._peak - self._ramp if length > 0.0 else 0.0
        self._trapezoid = 2.0 * self._ramp + self._cruise
        self.duration = self._trapezoid + self._window if length > 0.0 else 0.0
        """Time from start to end, s."""

    def at(self, time: float) -> float:
        """Return the distance covered at a time since the start, s."""
        if time >= self.duration:
            return self._length
        if time <= 0.0:
            return 0.0
        return (self._integral(time) - self._integral(time - self._window)) / self._window

    def _integral(self, time: float) -> float:
        """Integrate the trapezoid's position over time, from its start."""
        if time <= 0.0:
            return 0.0
        a, ramp, cruise, peak = self._acceleration, self._ramp, self._cruise, self._peak
        first = min(time, ramp)
        total = a * first**3 / 6.0
        if time > ramp:
            second = min(time - ramp, cruise)
            total += 0.5 * a * ramp**2 * second + peak * second**2 / 2.0
        if time > ramp + cruise:
            third = min(time - ramp - cruise, ramp)
            begin = 0.5 * a * ramp**2 + peak * cruise
            total += begin * third + peak * third**2 / 2.0 - a * third**3 / 6.0
        if time > self._trapezoid:
            total += self._length * (time - self._trapezoid)
        return total
