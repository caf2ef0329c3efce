"""Settings of the controller."""

import math
from dataclasses import dataclass

from zr0_xarm.control.senders import MotionMode


@dataclass(frozen=True, kw_only=True)
class ControllerSettings:
    """How the controller watches and moves the arm."""

    motion_mode: MotionMode = MotionMode.SERVO_JOINT
    """How targets reach the arm."""
    is_dry_run: bool = False
    """Do everything but send to the arm."""
    policy_timeout: float = 0.045
    """Largest time between status messages of the policy, s. They come every 0.01 s; the largest gap was 0.02 s
    with real-time priority, 0.03 s in a thousand without. A death on this machine is known before."""
    report_timeout: float = 0.05
    """Largest age of the arm's report, s."""
    silence_fault_time: float = 1.0
    """How long replies or reports may stay away, after the arm has been stopped for it, before this is a fault, s."""
    tracking_error_limit: float = 0.2
    """Largest distance between commanded and measured joint position, rad."""

    def __post_init__(self) -> None:
        for name in ("policy_timeout", "report_timeout", "silence_fault_time", "tracking_error_limit"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}, expected a finite number above 0")
