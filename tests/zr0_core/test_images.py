"""Image messages become the arrays that cv_bridge gives, or are refused with a reason."""

import array
import dataclasses
import itertools
import re

import cv2
import numpy as np
import pytest
from rosbags.image import message_to_cvimage
from zr0_core.embodiment import Embodiment
from zr0_core.encodings import ENCODINGS
from zr0_core.errors import MessageError
from zr0_core.images import camera_image, decode_compressed_image, decode_image, fill_image, image_data
from zr0_test_support.messages import CompressedImage, Image, header

HEIGHT, WIDTH = 6, 8
FRONT = dataclasses.replace(Embodiment.load("xarm7_gripper").cameras[0], width=WIDTH, height=HEIGHT)
STAMP_NS = 1_700_000_000_123_456_789


def image(encoding: str, *, padding: int = 0, is_bigendian: bool = False, seed: int = 1) -> Image:
    """Random pixels of an encoding, with `padding` more bytes at the end of each row."""
    kind = ENCODINGS[encoding]
    step = WIDTH * kind.num_channels * kind.bytes_per_value + padding
    data = np.random.default_rng(seed).integers(0, 256, HEIGHT * step, dtype=np.uint8)
    return Image(
        header=header(STAMP_NS),
        height=HEIGHT,
        width=WIDTH,
        encoding=encoding,
        is_bigendian=int(is_bigendian),
        step=step,
        data=array.array("B", data.tobytes()),
    )


def one_pixel(encoding: str, values: bytes) -> list[int]:
    """Decode an image of one pixel."""
    message = Image(height=1, width=1, encoding=encoding, step=len(values), data=values)
    return [int(value) for value in decode_image(message)[0, 0]]


@pytest.mark.parametrize(
    ("encoding", "values", "expected"),
    [
        ("rgb8", b"\x01\x02\x03", [1, 2, 3]),
        ("bgr8", b"\x01\x02\x03", [3, 2, 1]),
        ("rgba8", b"\x01\x02\x03\x09", [1, 2, 3]),
        ("bgra8", b"\x01\x02\x03\x09", [3, 2, 1]),
        ("mono8", b"\x07", [7, 7, 7]),
        ("mono16", b"\x00\x80", [128, 128, 128]),
        ("mono16", b"\x80\x00", [0, 0, 0]),
        ("mono16", b"\x81\x00", [1, 1, 1]),
        ("mono16", b"\xff\xff", [255, 255, 255]),
        ("bgr16", b"\x00\x00\x01\x01\xff\xff", [255, 1, 0]),
    ],
)
def test_pixels_come_out_red_first(encoding: str, values: bytes, expected: list[int]) -> None:
    assert one_pixel(encoding, values) == expected


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_equals_an_independent_decoder(encoding: str) -> None:
    message = image(encoding)
    decoded = decode_image(message)
    assert decoded.shape == (HEIGHT, WIDTH, 3)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    expected = message_to_cvimage(message, "rgb8").astype(np.int16)
    # The other decoder cuts 16-bit values off where cv_bridge rounds them.
    tolerance = 1 if ENCODINGS[encoding].bytes_per_value == 2 else 0
    assert np.abs(decoded.astype(np.int16) - expected).max() <= tolerance


def test_every_encoding_equals_cv_bridge() -> None:
    bridge = pytest.importorskip("cv_bridge", reason="cv_bridge comes with a ROS distribution, not from PyPI")
    messages = pytest.importorskip("sensor_msgs.msg")
    for encoding, is_bigendian in itertools.product(ENCODINGS, (False, True)):
        source = image(encoding, padding=4, is_bigendian=is_bigendian)
        message = messages.Image(
            height=HEIGHT,
            width=WIDTH,
            encoding=encoding,
            is_bigendian=int(is_bigendian),
            step=source.step,
            data=source.data,
        )
        expected = bridge.CvBridge().imgmsg_to_cv2(message, "rgb8")
        np.testing.assert_array_equal(decode_image(message), expected, err_msg=encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_row_padding_is_skipped(encoding: str) -> None:
    padded = image(encoding, padding=6)
    rows = np.frombuffer(padded.data, np.uint8).reshape(HEIGHT, padded.step)[:, :-6]
    tight = dataclasses.replace(padded, step=padded.step - 6, data=rows.tobytes())
    np.testing.assert_array_equal(decode_image(padded), decode_image(tight))


@pytest.mark.parametrize("encoding", [name for name, kind in ENCODINGS.items() if kind.bytes_per_value == 2])
def test_byte_order_is_honoured(encoding: str) -> None:
    little = image(encoding)
    swapped = np.frombuffer(little.data, np.uint16).byteswap().tobytes()
    big = dataclasses.replace(little, is_bigendian=1, data=swapped)
    np.testing.assert_array_equal(decode_image(big), decode_image(little))


def test_the_array_does_not_share_memory_with_the_message() -> None:
    message = image("rgb8")
    decoded = decode_image(message)
    first = int(decoded[0, 0, 0])
    message.data[0] = first ^ 255  # type: ignore[index]
    assert decoded[0, 0, 0] == first


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"encoding": "16UC1"}, "image encoding '16UC1' cannot be shown to a policy, available: rgb8, bgr8,"),
        ({"encoding": "8UC3"}, "8UCn, which does not declare its colours"),
        ({"step": 23}, "image step is 23 bytes, expected at least 24 for 8 pixels of rgb8"),
        ({"data": bytes(143)}, "image data has 143 bytes, expected 144 for 6 rows of 24 bytes"),
        ({"data": b""}, "image data has 0 bytes"),
        ({"height": 0, "data": b""}, "image of 8x0 pixels is empty"),
    ],
)
def test_a_malformed_image_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(MessageError, match=re.escape(reason)):
        decode_image(dataclasses.replace(image("rgb8"), **change))  # type: ignore[arg-type]


def smooth() -> np.ndarray:
    """A colour gradient (64, 64, 3), red first."""
    ramp = np.arange(64, dtype=np.uint8) * 4
    return np.dstack([np.tile(ramp, (64, 1)), np.tile(ramp, (64, 1)).T, np.full((64, 64), 40, np.uint8)])


@pytest.mark.parametrize(
    ("suffix", "name", "tolerance"),
    [(".png", "png", 0), (".jpg", "jpeg", 12), (".jpg", "rgb8; jpeg compressed bgr8", 12)],
)
def test_compressed_colours_come_out_red_first(suffix: str, name: str, tolerance: int) -> None:
    rgb = smooth()
    data = cv2.imencode(suffix, rgb[..., ::-1])[1].tobytes()
    decoded = decode_compressed_image(CompressedImage(format=name, data=data))
    assert np.abs(decoded.astype(int) - rgb.astype(int)).max() <= tolerance
    expected = message_to_cvimage(CompressedImage(format=name, data=data), "rgb8")
    np.testing.assert_array_equal(decoded, expected)


def test_compressed_grey_and_transparent_pictures_become_rgb() -> None:
    grey = smooth()[..., 0]
    message = CompressedImage(format="png", data=cv2.imencode(".png", grey)[1].tobytes())
    np.testing.assert_array_equal(decode_compressed_image(message), np.dstack([grey] * 3))
    rgb = smooth()
    transparent = np.dstack([rgb[..., ::-1], np.full((64, 64), 9, np.uint8)])
    message = CompressedImage(format="png", data=cv2.imencode(".png", transparent)[1].tobytes())
    np.testing.assert_array_equal(decode_compressed_image(message), rgb)


JPEG = cv2.imencode(".jpg", smooth())[1].tobytes()
PNG_16 = cv2.imencode(".png", smooth().astype(np.uint16))[1].tobytes()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("h264", JPEG, "compressed image format 'h264' cannot be decoded, expected jpeg or png"),
        ("16UC1; compressedDepth png", JPEG, "cannot be decoded"),
        ("jpeg", JPEG[:-200], "is cut off"),
        ("jpeg", b"", "is cut off"),
        ("png", b"", "compressed image of 0 bytes with format 'png' is damaged"),
        ("png", b"\x89PNG nonsense", "is damaged"),
        ("png", PNG_16, "has uint16 values, expected 8 bits per value"),
    ],
)
def test_a_bad_compressed_image_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(MessageError, match=re.escape(reason)):
        decode_compressed_image(CompressedImage(format=name, data=data))


def test_a_jpeg_padded_with_zeros_is_accepted() -> None:
    padded = decode_compressed_image(CompressedImage(format="jpeg", data=JPEG + bytes(16)))
    np.testing.assert_array_equal(padded, decode_compressed_image(CompressedImage(format="jpeg", data=JPEG)))


def test_a_camera_frame_carries_key_and_stamp() -> None:
    frame = camera_image(FRONT, image("bgr8"))
    assert (frame.key, frame.stamp_ns) == ("observation.images.front", STAMP_NS)
    np.testing.assert_array_equal(frame.rgb, decode_image(image("bgr8")))


def test_a_compressed_camera_frame_is_decoded() -> None:
    rgb = smooth()[:HEIGHT, :WIDTH]
    message = CompressedImage(
        header=header(STAMP_NS), format="png", data=cv2.imencode(".png", rgb[..., ::-1].copy())[1].tobytes()
    )
    np.testing.assert_array_equal(camera_image(FRONT, message).rgb, rgb)


def test_a_frame_of_another_size_is_refused() -> None:
    camera = dataclasses.replace(FRONT, width=640, height=480)
    with pytest.raises(
        MessageError, match="camera front: a frame of 8x6 pixels came, but the embodiment declares 640x480"
    ):
        camera_image(camera, image("rgb8"))


def test_a_grey_frame_of_a_colour_camera_is_refused() -> None:
    with pytest.raises(MessageError, match="camera front: a mono8 frame came, but the embodiment declares rgb8"):
        camera_image(FRONT, image("mono8"))


def test_an_unstamped_frame_is_refused() -> None:
    with pytest.raises(MessageError, match="camera front has no header stamp"):
        camera_image(FRONT, dataclasses.replace(image("rgb8"), header=header(0)))


def test_a_bad_frame_names_its_camera() -> None:
    with pytest.raises(MessageError, match="camera front: image step is 3 bytes"):
        camera_image(FRONT, dataclasses.replace(image("rgb8"), step=3))


def test_a_filled_message_decodes_to_the_same_pixels() -> None:
    rgb = smooth()[:, ::2]  # Not contiguous.
    message = Image(is_bigendian=1)
    fill_image(message, rgb)
    assert (message.height, message.width, message.step) == (64, 32, 96)
    assert (message.encoding, message.is_bigendian) == ("rgb8", 0)
    assert isinstance(message.data, array.array)
    assert message.data.typecode == "B"
    np.testing.assert_array_equal(decode_image(message), rgb)


def test_image_data_copies() -> None:
    rgb = smooth()
    data = image_data(rgb)
    rgb[:] = 0
    assert max(data) > 0
