"""Where everything is at one moment."""

from dataclasses import dataclass

from zr0_core.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that decides what the scene looks like at one moment."""

    time: float
    """Simulated seconds since the start."""
    positions: FloatArray
    """Generalised positions, in the model's order."""
    mocap_positions: FloatArray
    """(M, 3), m, of the objects that only tasks move."""
    mocap_quaternions: FloatArray
    """(M, 4), w first."""
