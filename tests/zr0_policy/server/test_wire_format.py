import os
import pickle
import random
import time
from pathlib import Path

import numpy as np
import pytest
from zr0_core.errors import MessageError
from zr0_policy.server.wire_format import MAX_CONTAINERS, MAX_DEPTH, MAX_ENTRIES, MAX_KEY, pack, unpack

# {"a": array}: map of 1, text "a", map of 4 with byte keys: __ndarray__ true, data, dtype "|u1", shape [1, 2].
ARRAY_U1 = bytes.fromhex(
    "81 a161 84c40b5f5f6e6461727261795f5f c3c40464617461 c4020506c4056474797065 a37c7531c4057368617065 92 01 02"
)
# {"a": array}: the same with data 1.5 and -2.0, dtype "<f8", shape [2].
ARRAY_F8 = bytes.fromhex(
    "81 a161 84"
    "c40b5f5f6e6461727261795f5f c3"
    "c40464617461 c410 000000000000f83f 00000000000000c0"
    "c4056474797065 a33c6638"
    "c4057368617065 91 02"
)
# {"n": NumPy int64 5, "r": NumPy bool true}.
SCALARS = bytes.fromhex(
    "82"
    "a16e 83 c40d5f5f6e7067656e657269635f5f c3 c40464617461 05 c4056474797065 a33c6938"
    "a172 83 c40d5f5f6e7067656e657269635f5f c3 c40464617461 c3 c4056474797065 a37c6231"
)
# {"actions": [[0.5]], "t": {"infer_ms": 2.0}}: plain values only.
PLAIN = bytes.fromhex("82 a7616374696f6e73 91 91 cb3fe0000000000000 a174 81 a8696e6665725f6d73 cb4000000000000000")


def array_map(**changes: object) -> bytes:
    """An array's map, with fields changed; None leaves one out."""
    fields: dict[str, object] = {"__ndarray__": True, "data": b"\x00" * 8, "dtype": "<f8", "shape": [1]}
    return raw_map({name: value for name, value in (fields | changes).items() if value is not None})


def raw_map(fields: dict[str, object]) -> bytes:
    """Encode by hand {"a": {bytes keys: values}}."""
    body = b"".join(b"\xc4" + bytes([len(name)]) + name.encode() + raw(value) for name, value in fields.items())
    return b"\x81\xa1a" + bytes([0x80 + len(fields)]) + body


def raw(value: object) -> bytes:
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, bytes):
        return b"\xc6" + len(value).to_bytes(4, "big") + value
    if isinstance(value, str):
        return b"\xd9" + bytes([len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(raw(item) for item in value)
    assert isinstance(value, int), value
    return b"\xd3" + value.to_bytes(8, "big", signed=True)


def test_arrays_are_packed_and_unpacked_as_by_hand() -> None:
    small, large = np.array([[5, 6]], dtype=np.uint8), np.array([1.5, -2.0])
    assert pack({"a": small}) == ARRAY_U1
    assert pack({"a": large}) == ARRAY_F8
    for encoded, expected in ((ARRAY_U1, small), (ARRAY_F8, large)):
        message = unpack(encoded)
        assert isinstance(message, dict)
        np.testing.assert_array_equal(message["a"], expected, strict=True)


def test_plain_values_are_packed_and_unpacked_as_by_hand() -> None:
    message = {"actions": [[0.5]], "t": {"infer_ms": 2.0}}
    assert pack(message) == PLAIN
    assert unpack(PLAIN) == message


def test_numpy_scalars_become_plain_numbers() -> None:
    message = unpack(SCALARS)
    assert message == {"n": 5, "r": True}
    assert isinstance(message, dict)
    assert (type(message["n"]), type(message["r"])) == (int, bool)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", "<u4", "<i8", "<f2", "<f4", "<f8", ">f4", ">i8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 3), (2, 1, 3, 2)])
def test_every_type_of_number_and_every_shape_survives(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    message = unpack(pack({"deep": {"a": array}}))
    assert isinstance(message, dict)
    np.testing.assert_array_equal(message["deep"]["a"], array, strict=True)


def test_an_array_in_another_memory_order_is_sent_in_reading_order() -> None:
    array = np.arange(6.0).reshape(2, 3).T
    message = unpack(pack({"a": array}))
    assert isinstance(message, dict)
    np.testing.assert_array_equal(message["a"], array)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (np.array([object()]), "an array of object cannot be sent"),
        (np.array(["text"]), "an array of <U4 cannot be sent"),
        (np.array([1j]), "an array of complex128 cannot be sent"),
        (np.zeros(2, dtype=[("x", "<f4")]), r"an array of \[\('x', '<f4'\)\] cannot be sent"),
        (Path(), "a PosixPath cannot be sent, only plain values and arrays"),
    ],
)
def test_what_is_neither_plain_nor_an_array_of_numbers_is_not_sent(value: object, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        pack({"a": value})


def test_a_pickled_array_is_refused_and_not_executed(tmp_path: Path) -> None:
    trace = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(trace),)

    with pytest.raises(MessageError, match=r"a: the type of an array or NumPy scalar is '\|O', expected \|i1, \|u1"):
        unpack(array_map(dtype="|O", data=pickle.dumps(Trap())))
    assert not trace.exists()


@pytest.mark.parametrize("dtype", ["|b1", "<U4", "|S3", "|V8", "<c8", "f8", "<f8,<f8", "float64", "<M8[ns]", 5, b"<f8"])
def test_arrays_of_other_types_are_refused(dtype: object) -> None:
    with pytest.raises(MessageError, match="a: the type of an array or NumPy scalar is"):
        unpack(array_map(dtype=dtype))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"shape": [2]}, r"a: an array has 8 bytes of data, its shape \(2,\) of float64 needs 16"),
        ({"shape": [0]}, r"8 bytes of data, its shape \(0,\) of float64 needs 0"),
        ({"shape": [2**62, 4]}, "needs 147573952589676412928"),
        ({"shape": [-1]}, r"the shape of an array is \[-1\], expected a list of sizes"),
        ({"shape": [True]}, r"the shape of an array is \[True\]"),
        ({"shape": "1"}, "the shape of an array is '1'"),
        ({"shape": [1] * 5}, "an array has 5 dimensions, expected at most 4"),
        ({"data": "12345678"}, "the data of an array is of type str, expected bytes"),
        ({"shape": None}, "has the fields b'__ndarray__', b'data', b'dtype', expected .*b'shape'"),
        ({"more": 1}, "has the fields .*b'more'"),
    ],
)
def test_arrays_that_do_not_fit_their_bytes_are_refused(changes: dict[str, object], match: str) -> None:
    with pytest.raises(MessageError, match=match):
        unpack(array_map(**changes))


@pytest.mark.parametrize(
    ("data", "dtype", "match"),
    [
        (True, "<i8", "the data of a NumPy scalar is True, expected int"),
        (5, "<f8", "the data of a NumPy scalar is 5, expected float"),
        (5, "|b1", "expected bool"),
        ("5", "<i8", "is '5', expected int"),
        (5, "|O", r"the type of an array or NumPy scalar is '\|O'"),
    ],
)
def test_scalars_that_do_not_fit_their_type_are_refused(data: object, dtype: str, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        unpack(raw_map({"__npgeneric__": True, "data": data, "dtype": dtype}))


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "not msgpack within the limits: .*incomplete"),
        (b"\xc1", "not msgpack within the limits: (FormatError|.*0xc1)"),
        (b"\x01\x02", "extra data"),
        (ARRAY_U1[:-1], "incomplete"),
        (b"\xa1\xff", "utf-8"),
        (b"\x81\x01\x02", "int.* is not allowed for map key"),
        (b"\x81\xc4\x01k\x02", "the message: a key is b'k', expected text"),
        (b"\x82\xa1a\x01\xa1a\x02", "the key 'a' twice"),
        (b"\xd4\x05\x00", "a msgpack extension of type 5"),
        (b"\xdd\xff\xff\xff\xff", "exceeds max_array_len"),
        (b"\xdc\x01\x01" + b"\x01" * 257, "257 exceeds max_array_len"),
        (b"\xde\x01\x01" + b"\xa1a\x01" * 257, "257 exceeds max_map_len"),
        (b"\x91" * 2000 + b"\x90", "not msgpack within the limits: StackError"),
        (b"\x91" * (MAX_DEPTH + 1) + b"\x01", "0/0/0.*: more than 8 maps and lists inside each other"),
        (b"\x81\xd9\x81" + b"k" * (MAX_KEY + 1) + b"\x01", "a key of more than 128 characters"),
    ],
)
def test_what_is_not_one_whole_message_within_the_limits_is_refused(data: bytes, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        unpack(data)


def test_what_just_fits_the_limits_is_read() -> None:
    assert unpack(b"\x91" * MAX_DEPTH + b"\x01") == [[[[[[[[1]]]]]]]]
    assert unpack(b"\xdc\x01\x00" + b"\x01" * MAX_ENTRIES) == [1] * MAX_ENTRIES
    assert unpack(b"\x81\xd9\x80" + b"k" * MAX_KEY + b"\x01") == {"k" * MAX_KEY: 1}
    assert unpack(b"\xdc\x00\xff" + b"\x90" * (MAX_CONTAINERS - 1)) == [[]] * 255


@pytest.mark.parametrize("empty", [b"\x90", b"\x80"])
def test_every_list_and_every_map_counts(empty: bytes) -> None:
    with pytest.raises(MessageError, match="more than 256 maps and lists"):
        unpack(b"\xdc\x01\x00" + empty * MAX_CONTAINERS)


@pytest.mark.parametrize("empty", [b"\x90", b"\x80"])
def test_a_message_of_many_small_containers_is_refused_at_once(empty: bytes) -> None:
    row = b"\xdc\x01\x00" + empty * 256
    bomb = b"\xdc\x01\x00" + (b"\xdc\x01\x00" + row * 256) * 256  # 16.8 million containers in as many bytes.
    start = time.process_time()
    with pytest.raises(MessageError, match="more than 256 maps and lists"):
        unpack(bomb)
    assert time.process_time() - start < 0.5


def test_damaged_messages_are_refused_or_read_and_nothing_else_happens() -> None:
    rng = random.Random(0)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(20_000):
        data = bytearray(rng.choice((ARRAY_U1, ARRAY_F8, SCALARS, PLAIN)))
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            unpack(bytes(data[: rng.randint(len(data) - 2, len(data))]))
            outcomes["read"] += 1
        except MessageError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 500, outcomes
