import struct

import pytest
from zr0_sim.box.framing import FrameReader, FramingError, Request, encode_feedback, encode_response

# Example of UFACTORY's protocol page: enable all joints.
ENABLE = bytes.fromhex("00 01 00 02 00 03 0B 08 01")
GET_STATE = bytes.fromhex("00 02 00 03 00 01 0D")


def test_published_request_is_taken_apart() -> None:
    [request] = FrameReader().feed(ENABLE)
    assert request == Request(transaction=1, protocol=2, register=11, data=b"\x08\x01")


def test_published_response_is_built() -> None:
    [request] = FrameReader().feed(ENABLE)
    assert encode_response(request, 0x10) == bytes.fromhex("00 01 00 02 00 02 0B 10")


def test_response_repeats_protocol_and_counts_parameters() -> None:
    [request] = FrameReader().feed(GET_STATE)
    assert encode_response(request, 0, b"\x02") == bytes.fromhex("00 02 00 03 00 03 0D 00 02")


def test_frames_survive_any_cut() -> None:
    stream = ENABLE + GET_STATE
    for cut in range(len(stream) + 1):
        reader = FrameReader()
        requests = reader.feed(stream[:cut]) + reader.feed(stream[cut:])
        assert [request.register for request in requests] == [11, 13]


def test_two_frames_in_one_segment() -> None:
    assert [request.transaction for request in FrameReader().feed(ENABLE + GET_STATE)] == [1, 2]


@pytest.mark.parametrize("length", [0, 1025])
def test_impossible_length_is_refused(length: int) -> None:
    with pytest.raises(FramingError, match=f"frame length is {length}, expected 1 to 1024"):
        FrameReader().feed(struct.pack(">HHH", 1, 2, length))


def test_unknown_protocol_is_refused() -> None:
    with pytest.raises(FramingError, match="protocol identifier is 21536"):
        FrameReader().feed(b"GET / HTTP/1.1\r\n")


def test_feedback_is_laid_out_as_the_sdk_reads_it() -> None:
    request = Request(transaction=0x0102, protocol=3, register=23, data=b"")
    frame = encode_feedback(request, 0, feedback_type=2, task=0x0A0B, code=2, microseconds=7)
    assert frame[:6] == bytes.fromhex("01 02 00 03 00 0F")
    assert frame[6] == 0xFF
    assert (frame[8], frame[9], frame[10:12], frame[12]) == (2, 23, b"\x0a\x0b", 2)
    assert struct.unpack(">Q", frame[13:21]) == (7,)
    assert len(frame) == 6 + 15
