"""The gripper."""

from dataclasses import dataclass

from zr0_core.embodiment.validation import check_positive, check_text


@dataclass(frozen=True, kw_only=True)
class Gripper:
    """A parallel gripper driven by one joint."""

    joint: str
    """Name in `JointState` messages."""
    open: float
    """Drive joint position when open, rad."""
    closed: float
    """Drive joint position when closed, rad."""
    velocity: float
    """Largest drive joint speed, rad/s."""

    def __post_init__(self) -> None:
        check_text("joint", self.joint)
        check_positive("velocity", self.velocity)
        if self.open == self.closed:
            raise ValueError(f"open and closed are both {self.open}, expected two positions")
