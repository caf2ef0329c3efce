"""Numbers inside a request or a response: fp32 and int32 little-endian, u16 big-endian."""

import struct

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.codes import BadParameterError


def take_floats(data: bytes, count: int, offset: int = 0) -> FloatArray:
    """Read `count` fp32 from byte `offset` on, (count,).

    Raises:
        BadParameterError: Fewer bytes are there, or a value is not a number.
    """
    require(data, offset + 4 * count)
    values = np.frombuffer(data, dtype="<f4", count=count, offset=offset).astype(np.float64)
    if np.isnan(values).any():
        raise BadParameterError(f"a parameter is not a number: {values.tolist()}")
    return values


def take_int32(data: bytes, offset: int = 0) -> int:
    """Read one int32.

    Raises:
        BadParameterError: Fewer bytes are there.
    """
    require(data, offset + 4)
    return int(struct.unpack_from("<i", data, offset)[0])


def take_u8(data: bytes, offset: int = 0) -> int:
    """Read one byte.

    Raises:
        BadParameterError: Fewer bytes are there.
    """
    require(data, offset + 1)
    return data[offset]


def take_u16(data: bytes, offset: int = 0) -> int:
    """Read one u16.

    Raises:
        BadParameterError: Fewer bytes are there.
    """
    require(data, offset + 2)
    return int(struct.unpack_from(">H", data, offset)[0])


def require(data: bytes, size: int) -> None:
    """Check that parameters have at least `size` bytes.

    Raises:
        BadParameterError: They have fewer.
    """
    if len(data) < size:
        raise BadParameterError(f"parameters have {len(data)} bytes, expected at least {size}")


def put_floats(values: FloatArray, count: int | None = None) -> bytes:
    """Write fp32, padded with zeros to `count` values."""
    padded = np.zeros(len(values) if count is None else count, dtype="<f4")
    padded[: len(values)] = values
    return padded.tobytes()
