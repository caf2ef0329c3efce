"""Collision detection and measured over-speed."""

import numpy as np

from zr0_sim.box.codes import ErrorCode, MotionFaultError
from zr0_sim.box.plant import Plant

COLLISION_TICKS = 5
"""Ticks in a row that a contact must last: 20 ms."""
OVER_SPEED_TICKS = 5
OVER_SPEED_FACTOR = 1.2
"""Share of a joint's largest speed above which its measured speed is an error."""


class Monitor:
    """Watches the plant.

    Args:
        collision_thresholds: Contact torque, N m, that counts as a collision, for sensitivities 0 to 5.
        max_velocity: Largest speed of any joint, rad/s.

    Raises:
        ValueError: There are not exactly six thresholds.
    """

    def __init__(self, collision_thresholds: tuple[float, ...], max_velocity: float) -> None:
        if len(collision_thresholds) != 6:
            raise ValueError(f"collision_thresholds needs one value per sensitivity 0 to 5, got {collision_thresholds}")
        self._thresholds = collision_thresholds
        self._max_velocity = OVER_SPEED_FACTOR * max_velocity
        self._contact_ticks = 0
        self._fast_ticks = 0

    def check(self, plant: Plant, sensitivity: int) -> MotionFaultError | None:
        """Look at the plant after a step and return what is wrong, if anything."""
        torques = np.abs(plant.contact_torques)
        threshold = self._thresholds[sensitivity]
        self._contact_ticks = self._contact_ticks + 1 if torques.max() > threshold else 0
        if self._contact_ticks >= COLLISION_TICKS:
            self._contact_ticks = 0
            joint = int(torques.argmax())
            return MotionFaultError(
                ErrorCode.COLLISION,
                f"contact loads joint {joint + 1} with {torques[joint]:.1f} N m, above {threshold:.1f} N m "
                f"(sensitivity {sensitivity})",
            )
        speeds = np.abs(plant.velocities)
        self._fast_ticks = self._fast_ticks + 1 if speeds.max() > self._max_velocity else 0
        if self._fast_ticks >= OVER_SPEED_TICKS:
            self._fast_ticks = 0
            joint = int(speeds.argmax())
            return MotionFaultError(
                ErrorCode.FEEDBACK_SPEED,
                f"joint {joint + 1} turns at {speeds[joint]:.2f} rad/s, above {self._max_velocity:.2f} rad/s",
            )
        return None
