"""Stamps are nanoseconds since the epoch, without loss."""

import pytest
from zr0_core.errors import MessageError
from zr0_core.stamps import header_stamp_ns, to_nanoseconds, write_stamp
from zr0_test_support.messages import Header, Time, header


def test_a_stamp_is_seconds_and_nanoseconds() -> None:
    assert to_nanoseconds(Time(sec=1_700_000_000, nanosec=5)) == 1_700_000_000_000_000_005


def test_writing_and_reading_a_stamp_returns_it() -> None:
    stamp = Time()
    write_stamp(stamp, 1_700_000_000_999_999_999)
    assert (stamp.sec, stamp.nanosec) == (1_700_000_000, 999_999_999)
    assert to_nanoseconds(stamp) == 1_700_000_000_999_999_999


def test_a_header_without_stamp_is_refused() -> None:
    assert header_stamp_ns(header(7), "camera front") == 7
    with pytest.raises(MessageError, match="camera front has no header stamp; its publisher must stamp"):
        header_stamp_ns(Header(), "camera front")
