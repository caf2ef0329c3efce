"""A record, on the box's side, of how smooth the commanded motion is."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from zr0_core.embodiment import MotionLimits
from zr0_core.types import FloatArray

WINDOW = 0.04
"""Shortest time, s, over which velocity is also taken by time of receipt; shorter ones would measure jitter."""
MAX_VIOLATIONS = 1000
"""Violations kept; later ones are counted only."""


class Quantity(StrEnum):
    """What a violation is about."""

    VELOCITY = "velocity"
    RECEIVED_VELOCITY = "received_velocity"
    ACCELERATION = "acceleration"
    JERK = "jerk"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One command that exceeded a limit."""

    time: float
    """Time of receipt on the box's clock, s."""
    joint: int
    """1-based."""
    quantity: Quantity
    """What was exceeded."""
    value: float
    """Its magnitude, rad/s, rad/s^2 or rad/s^3."""
    limit: float
    """What was allowed."""


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """Largest magnitudes of any joint since the last reset."""

    velocity: float
    """rad/s, by differences over the nominal period."""
    received_velocity: float
    """rad/s, over at least `WINDOW` of time of receipt."""
    acceleration: float
    """rad/s^2."""
    jerk: float
    """rad/s^3."""
    plant_velocity: float
    """rad/s, of the arm itself."""


class MotionAudit:
    """Judges a stream of servo commands against limits.

    The client sends one command per nominal period; receipt jitters, so velocity, acceleration and jerk are finite
    differences over the nominal period. A client that sends faster than nominal shows in the received velocity.

    Args:
        limits: What is allowed.
        period: Nominal time between commands, s.
        resolution: Step of the clock that receipts are timed with, s.
        tolerance: Share by which a value may exceed its limit; commands travel as 32-bit floats.
    """

    def __init__(self, limits: MotionLimits, period: float, resolution: float, tolerance: float = 0.02) -> None:
        if not period > 0.0:
            raise ValueError(f"period is {period}, expected a time above 0 s")
        self._limits = limits
        self._period = period
        self._resolution = resolution
        self._tolerance = tolerance
        self._positions: deque[FloatArray] = deque(maxlen=4)
        self._received: deque[tuple[float, FloatArray]] = deque()
        self.num_violations = 0
        """All violations since the last reset."""
        self.num_commands = 0
        """All commands since the last reset."""
        self._violations: list[Violation] = []
        self._peaks = dict.fromkeys(Quantity, 0.0)
        self._plant_velocity = 0.0

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The first `MAX_VIOLATIONS` since the last reset."""
        return tuple(self._violations)

    @property
    def peaks(self) -> Peaks:
        """Largest magnitudes since the last reset."""
        return Peaks(
            velocity=self._peaks[Quantity.VELOCITY],
            received_velocity=self._peaks[Quantity.RECEIVED_VELOCITY],
            acceleration=self._peaks[Quantity.ACCELERATION],
            jerk=self._peaks[Quantity.JERK],
            plant_velocity=self._plant_velocity,
        )

    def reset(self) -> None:
        """Forget peaks and violations; the stream goes on."""
        self._violations.clear()
        self.num_violations = self.num_commands = 0
        self._peaks = dict.fromkeys(Quantity, 0.0)
        self._plant_velocity = 0.0

    def start_stream(self) -> None:
        """Let the next command be the first of a new stream, free to be anywhere; servo mode was left or entered."""
        self._positions.clear()
        self._received.clear()

    def record_command(self, time: float, positions: FloatArray, setpoint: FloatArray) -> None:
        """Take one servo command.

        Args:
            time: Time of receipt, s.
            positions: Commanded joint positions (N,), rad.
            setpoint: Where the box held the arm, (N,), rad. The first command of a stream is judged as a step from
                there, at rest.
        """
        if not self._positions:
            self._positions.extend([setpoint.copy()] * 3)
        self._positions.append(positions.copy())
        self.num_commands += 1
        oldest, older, old, newest = self._positions
        period = self._period
        self._judge(time, Quantity.VELOCITY, (newest - old) / period, self._limits.velocity)
        self._judge(time, Quantity.ACCELERATION, (newest - 2 * old + older) / period**2, self._limits.acceleration)
        jerk = (newest - 3 * old + 3 * older - oldest) / period**3
        self._judge(time, Quantity.JERK, jerk, self._limits.jerk)
        self._judge_received(time, positions)

    def record_plant(self, velocities: FloatArray) -> None:
        """Take the measured joint velocities (N,), rad/s."""
        self._plant_velocity = max(self._plant_velocity, float(np.abs(velocities).max()))

    def _judge_received(self, time: float, positions: FloatArray) -> None:
        self._received.append((time, positions.copy()))
        while len(self._received) > 2 and time - self._received[1][0] >= WINDOW:
            self._received.popleft()
        first_time, first = self._received[0]
        if time - first_time >= WINDOW:
            # The true time between the two receipts may be longer by one step of the clock.
            velocity = (positions - first) / (time - first_time + self._resolution)
            self._judge(time, Quantity.RECEIVED_VELOCITY, velocity, self._limits.velocity)

    def _judge(self, time: float, quantity: Quantity, values: FloatArray, limit: float) -> None:
        magnitudes = np.abs(values)
        largest = float(magnitudes.max())
        self._peaks[quantity] = max(self._peaks[quantity], largest)
        if largest <= limit * (1.0 + self._tolerance):
            return
        for joint in np.flatnonzero(magnitudes > limit * (1.0 + self._tolerance)):
            self.num_violations += 1
            if len(self._violations) < MAX_VIOLATIONS:
                self._violations.append(
                    Violation(
                        time=time,
                        joint=int(joint) + 1,
                        quantity=quantity,
                        value=float(magnitudes[joint]),
                        limit=limit,
                    )
                )
