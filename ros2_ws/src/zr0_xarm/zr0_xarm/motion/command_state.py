"""What is commanded at one instant."""

from dataclasses import dataclass

import numpy as np
from zr0_core.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class CommandState:
    """Commanded positions and their derivatives, (N,) each."""

    positions: FloatArray
    """rad."""
    velocities: FloatArray
    """rad/s."""
    accelerations: FloatArray
    """rad/s^2."""

    @classmethod
    def at_rest(cls, positions: FloatArray) -> "CommandState":
        """Stand still at positions (N,), rad."""
        zeros = np.zeros(len(positions))
        return cls(positions=np.array(positions, dtype=np.float64), velocities=zeros, accelerations=zeros.copy())

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing moves: below 1e-6 rad/s and 1e-4 rad/s^2."""
        return bool(np.abs(self.velocities).max() < 1e-6 and np.abs(self.accelerations).max() < 1e-4)
