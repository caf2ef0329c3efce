import numpy as np
import pytest
from zr0_sim.box.codes import BadParameterError
from zr0_sim.box.wire import put_floats, take_floats, take_int32, take_u8, take_u16


def test_floats_are_little_endian() -> None:
    assert take_floats(b"\x00\x00\x80\x3f\x00\x00\x00\xc0", 2).tolist() == [1.0, -2.0]


def test_u16_is_big_endian_and_int32_little_endian() -> None:
    assert take_u16(b"\x01\x02") == 0x0102
    assert take_int32(b"\xfe\xff\xff\xff") == -2


def test_floats_are_padded() -> None:
    assert put_floats(np.array([1.0]), 2) == b"\x00\x00\x80\x3f\x00\x00\x00\x00"


def test_short_parameters_are_refused() -> None:
    with pytest.raises(BadParameterError, match="parameters have 7 bytes, expected at least 8"):
        take_floats(bytes(7), 2)
    with pytest.raises(BadParameterError, match="0 bytes, expected at least 1"):
        take_u8(b"")
    with pytest.raises(BadParameterError, match="1 bytes, expected at least 2"):
        take_u16(b"\x00")
    with pytest.raises(BadParameterError, match="3 bytes, expected at least 4"):
        take_int32(b"\x00\x00\x00")


def test_nan_is_refused() -> None:
    with pytest.raises(BadParameterError, match="not a number"):
        take_floats(put_floats(np.array([np.nan])), 1)
