"""Header stamps as nanoseconds since the epoch."""

from typing import Protocol

from zr0_core.errors import MessageError

NANOSECONDS = 1_000_000_000


class TimeMessage(Protocol):
    """What is read of a `builtin_interfaces/Time`."""

    sec: int
    nanosec: int


class HeaderMessage(Protocol):
    """What is read of a `std_msgs/Header`."""

    @property
    def stamp(self) -> TimeMessage:
        """The time that the message is about."""


def to_nanoseconds(stamp: TimeMessage) -> int:
    """Return a stamp as nanoseconds since the epoch."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def header_stamp_ns(header: HeaderMessage, what: str) -> int:
    """Return a header's stamp as nanoseconds since the epoch.

    Args:
        header: The header.
        what: What carries it, for the error message.

    Raises:
        MessageError: The stamp is zero: the publisher does not stamp its messages.
    """
    stamp_ns = to_nanoseconds(header.stamp)
    if stamp_ns == 0:
        raise MessageError(f"{what} has no header stamp; its publisher must stamp every message with the capture time")
    return stamp_ns


def write_stamp(stamp: TimeMessage, stamp_ns: int) -> None:
    """Write nanoseconds since the epoch into a stamp."""
    stamp.sec, stamp.nanosec = divmod(stamp_ns, NANOSECONDS)
