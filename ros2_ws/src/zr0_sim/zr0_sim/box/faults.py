"""Faults that can be injected into the box, from code or by the simulator's service."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from zr0_sim.box.codes import ErrorCode
from zr0_sim.box.machine import Machine

FOREVER = float("inf")


class Fault(StrEnum):
    """What can go wrong."""

    EMERGENCY_STOP = "emergency_stop"
    COLLISION = "collision"
    OVER_SPEED = "over_speed"
    JOINT_LIMIT = "joint_limit"
    LINK_DROP = "link_drop"
    STALLED_REPLIES = "stalled_replies"
    LOST_REPORTS = "lost_reports"


ERRORS = {
    Fault.EMERGENCY_STOP: ErrorCode.EMERGENCY_STOP_BUTTON,
    Fault.COLLISION: ErrorCode.COLLISION,
    Fault.OVER_SPEED: ErrorCode.OVER_SPEED,
    Fault.JOINT_LIMIT: ErrorCode.JOINT_LIMIT,
}
"""Faults that stop the arm, and how the box reports them."""
LINKS = ("", "control", "report")
"""Targets of the faults of links: both kinds, or one of them."""


@dataclass(frozen=True, kw_only=True)
class ActiveFault:
    """A fault that has not ended."""

    target: str
    """What it concerns."""
    end: float
    """Time of the box at which it ends, s."""


class Faults:
    """The faults in force. The caller holds the box's lock.

    An emergency stop is latched: it lasts until it is cleared here or its duration is over, and until then the client
    cannot clear the error. Collision, over-speed and joint limit are events: the error is raised at once, and the
    client may clear it at once, unless a duration says that the cause persists. Faults of the links last for their
    duration, without one until they are cleared.

    Args:
        machine: What the faults stop.
        now: Time of the box, s.
    """

    def __init__(self, machine: Machine, now: Callable[[], float]) -> None:
        self._machine = machine
        self._now = now
        self._active: dict[Fault, ActiveFault] = {}

    def inject(self, kind: str, target: str = "", duration: float = 0.0) -> None:
        """Make something fail.

        Args:
            kind: A `Fault`.
            target: Joint number for `joint_limit`; `control`, `report` or nothing (both) for `link_drop`.
            duration: s; 0 as described above.

        Raises:
            ValueError: The kind is unknown, or target or duration make no sense for it.
        """
        if kind not in tuple(Fault):
            raise ValueError(f"unknown fault {kind!r}, available: {', '.join(Fault)}")
        if not duration >= 0.0:
            raise ValueError(f"duration is {duration} s, expected 0 or more")
        fault = Fault(kind)
        self._check_target(fault, target)
        if duration > 0.0 or fault is Fault.EMERGENCY_STOP or fault not in ERRORS:
            self._active[fault] = ActiveFault(target=target, end=self._now() + (duration or FOREVER))
        if fault in ERRORS:
            joint = f" at joint {target}" if target else ""
            reason = f"injected {fault.value.replace('_', ' ')}{joint}"
            if fault in self._active:
                self._machine.conditions[ERRORS[fault]] = reason
            self._machine.raise_error(ERRORS[fault], reason)

    def clear(self, kind: str = "") -> None:
        """End one fault, or all of them. Errors that it caused stay until the client clears them.

        Raises:
            ValueError: The kind is unknown.
        """
        if kind and kind not in tuple(Fault):
            raise ValueError(f"unknown fault {kind!r}, available: {', '.join(Fault)}")
        for fault in [Fault(kind)] if kind else list(Fault):
            self._active.pop(fault, None)
            if fault in ERRORS:
                self._machine.conditions.pop(ERRORS[fault], None)

    def tick(self) -> None:
        """End the faults whose time is over."""
        for fault in [fault for fault, active in self._active.items() if active.end <= self._now()]:
            self.clear(fault)

    def is_active(self, fault: Fault, target: str = "") -> bool:
        """Tell whether a fault is in force for a target."""
        active = self._active.get(fault)
        return active is not None and active.target in {"", target}

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults in force."""
        return tuple(self._active)

    def _check_target(self, fault: Fault, target: str) -> None:
        if fault is Fault.JOINT_LIMIT:
            num_joints = self._machine.model.num_joints
            if target and not (target.isdigit() and 1 <= int(target) <= num_joints):
                raise ValueError(f"target of joint_limit is {target!r}, expected a joint number 1 to {num_joints}")
        elif fault is Fault.LINK_DROP:
            if target not in LINKS:
                raise ValueError(f"target of link_drop is {target!r}, expected 'control', 'report' or nothing")
        elif target:
            raise ValueError(f"{fault.value} takes no target, got {target!r}")
