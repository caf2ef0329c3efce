"""ROS messages without ROS: plain objects with the fields of the real ones.

Decoders take messages by their fields, so that bags can be read where ROS is not installed; these stand for such
messages. Node tests use the real ones.
"""

import array
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Time:
    """Fields of `builtin_interfaces/Time`."""

    sec: int = 0
    nanosec: int = 0


@dataclass(kw_only=True)
class Header:
    """Fields of `std_msgs/Header`."""

    stamp: Time = field(default_factory=Time)
    frame_id: str = ""


def header(stamp_ns: int) -> Header:
    """Return a header with that stamp."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    return Header(stamp=Time(sec=sec, nanosec=nanosec))


@dataclass(kw_only=True)
class Image:
    """Fields of `sensor_msgs/Image`."""

    header: Header = field(default_factory=Header)
    height: int = 0
    width: int = 0
    encoding: str = ""
    is_bigendian: int = 0
    step: int = 0
    data: "bytes | array.array[int]" = b""


@dataclass(kw_only=True)
class CompressedImage:
    """Fields of `sensor_msgs/CompressedImage`."""

    header: Header = field(default_factory=Header)
    format: str = ""
    data: "bytes | array.array[int]" = b""


@dataclass(kw_only=True)
class JointState:
    """Fields of `sensor_msgs/JointState`."""

    header: Header = field(default_factory=Header)
    name: Sequence[str] = ()
    position: Sequence[float] = ()
    velocity: Sequence[float] = ()
    effort: Sequence[float] = ()
