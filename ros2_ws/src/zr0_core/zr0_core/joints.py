"""Joint state messages to vectors."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from zr0_core.errors import MessageError
from zr0_core.types import FloatArray


class JointStateMessage(Protocol):
    """What is read of a `sensor_msgs/JointState`."""

    @property
    def name(self) -> Sequence[str]:
        """Joint names."""

    @property
    def position(self) -> Sequence[float]:
        """Positions, rad, one per name."""


def joint_positions(message: JointStateMessage, names: Sequence[str]) -> FloatArray:
    """Read the positions of some joints from a `JointState` that lists them in any order, among others.

    Args:
        message: The message.
        names: The wanted joints, D of them, in the wanted order.

    Returns:
        Positions (D,), rad.

    Raises:
        MessageError: The message's lists differ in length, or a wanted joint is missing, listed twice, or not a finite
            number. The error names it and lists the joints that are there.
    """
    if len(message.position) != len(message.name):
        raise MessageError(
            f"joint state has {len(message.position)} positions for {len(message.name)} names "
            f"({', '.join(message.name)})"
        )
    index = {name: number for number, name in enumerate(message.name)}
    missing = [name for name in names if name not in index]
    if missing:
        raise MessageError(
            f"joint state lacks {', '.join(missing)}; it has: {', '.join(message.name) or 'no joints'}; "
            "check the joint names of the embodiment against those of the arm's driver"
        )
    if len(index) != len(message.name):
        counts = Counter(message.name)
        repeated = [name for name in names if counts[name] > 1]
        if repeated:
            raise MessageError(
                f"joint state lists {', '.join(repeated)} more than once; it has: {', '.join(message.name)}"
            )
    positions = np.array([message.position[index[name]] for name in names], dtype=np.float64)
    if not np.isfinite(positions).all():
        bad = [f"{name} = {value}" for name, value in zip(names, positions, strict=True) if not np.isfinite(value)]
        raise MessageError(f"joint state has positions that are not finite: {', '.join(bad)}")
    return positions
