"""Image messages to RGB arrays and back.

Decoding gives the arrays that cv_bridge gives for `desired_encoding="rgb8"`. Messages are duck-typed: anything with
the fields of `sensor_msgs/Image` or `sensor_msgs/CompressedImage`.
"""

import array
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from zr0_core.embodiment import Camera
from zr0_core.encodings import ENCODINGS, ColorLayout, Encoding
from zr0_core.errors import MessageError
from zr0_core.stamps import HeaderMessage, header_stamp_ns
from zr0_core.types import CameraImage, ImageArray

# OpenCV names a Bayer pattern by the second and third pixel of its second row, ROS by the first row.
_TO_RGB: dict[ColorLayout, int | None] = {
    ColorLayout.RGB: None,
    ColorLayout.BGR: cv2.COLOR_BGR2RGB,
    ColorLayout.RGBA: cv2.COLOR_RGBA2RGB,
    ColorLayout.BGRA: cv2.COLOR_BGRA2RGB,
    ColorLayout.MONO: cv2.COLOR_GRAY2RGB,
    ColorLayout.BAYER_RGGB: cv2.COLOR_BayerBG2RGB,
    ColorLayout.BAYER_BGGR: cv2.COLOR_BayerRG2RGB,
    ColorLayout.BAYER_GBRG: cv2.COLOR_BayerGR2RGB,
    ColorLayout.BAYER_GRBG: cv2.COLOR_BayerGB2RGB,
    ColorLayout.YUV_UYVY: cv2.COLOR_YUV2RGB_UYVY,
    ColorLayout.YUV_YUYV: cv2.COLOR_YUV2RGB_YUYV,
}
_JPEG_END = b"\xff\xd9"


class ImageMessage(Protocol):
    """What is read of and written to a `sensor_msgs/Image`."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any

    @property
    def header(self) -> HeaderMessage:
        """Header with the capture time."""


@runtime_checkable
class CompressedImageMessage(Protocol):
    """What is read of a `sensor_msgs/CompressedImage`."""

    format: str
    data: Any

    @property
    def header(self) -> HeaderMessage:
        """Header with the capture time."""


def decode_image(message: ImageMessage) -> ImageArray:
    """Decode an `Image` to RGB.

    Args:
        message: The message; row padding (`step`) and byte order are honoured. 16-bit values are scaled to 8 bits.

    Returns:
        Pixels (height, width, 3), red first, contiguous, in memory of their own.

    Raises:
        MessageError: The encoding is not one of colour or grey pictures, or step and length do not fit the size.
    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise MessageError(
            f"image encoding {message.encoding!r} cannot be shown to a policy, available: {', '.join(ENCODINGS)}; "
            "depth images and 8UCn, which does not declare its colours, must be converted by their publisher"
        )
    pixels = _pixels(message, encoding)
    code = _TO_RGB[encoding.layout]
    if code is not None:
        pixels = cv2.cvtColor(pixels, code)
    if encoding.bytes_per_value == 2:
        # 65535 / 255 = 257 is odd, so rounding to the nearest never meets a tie.
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.array(pixels, dtype=np.uint8, order="C", copy=code is None)


def decode_compressed_image(message: CompressedImageMessage) -> ImageArray:
    """Decode a JPEG or PNG `CompressedImage` to RGB.

    Returns:
        Pixels (height, width, 3), red first.

    Raises:
        MessageError: The format is neither, the data is damaged, or the picture has more than 8 bits per value.
    """
    kind = message.format.lower()
    is_jpeg = "jpeg" in kind or "jpg" in kind
    if "compresseddepth" in kind or "compressed rgb" in kind or not (is_jpeg or "png" in kind):
        raise MessageError(
            f"compressed image format {message.format!r} cannot be decoded, expected jpeg or png, as in 'jpeg' or "
            "'rgb8; jpeg compressed bgr8'"
        )
    data = np.frombuffer(message.data, dtype=np.uint8)
    if is_jpeg and not data[-1024:].tobytes().rstrip(b"\0").endswith(_JPEG_END):
        raise MessageError(f"compressed image of {data.size} bytes is cut off: it does not end as a JPEG does")
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if pixels is None:
        raise MessageError(f"compressed image of {data.size} bytes with format {message.format!r} is damaged")
    if pixels.dtype != np.uint8:
        raise MessageError(f"compressed image has {pixels.dtype} values, expected 8 bits per value")
    num_channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    codes = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    return np.asarray(cv2.cvtColor(pixels, codes[num_channels]), dtype=np.uint8)


def camera_image(camera: Camera, message: ImageMessage | CompressedImageMessage) -> CameraImage:
    """Decode a frame of one of the embodiment's cameras.

    Args:
        camera: The camera that the frame came from.
        message: `Image` or `CompressedImage`.

    Raises:
        MessageError: As `decode_image` and `decode_compressed_image`; or the size is not the camera's, a colour camera
            sent grey pictures, or the message is not stamped. The message names the camera.
    """
    what = f"camera {camera.name}"
    stamp_ns = header_stamp_ns(message.header, what)
    try:
        rgb = decode_compressed_image(message) if isinstance(message, CompressedImageMessage) else decode_image(message)
    except MessageError as error:
        raise MessageError(f"{what}: {error}") from error
    encoding = ENCODINGS.get(getattr(message, "encoding", ""))
    if encoding is not None and ENCODINGS[camera.encoding].has_color and not encoding.has_color:
        raise MessageError(f"{what}: a {encoding.name} frame came, but the embodiment declares {camera.encoding}")
    if rgb.shape[:2] != (camera.height, camera.width):
        raise MessageError(
            f"{what}: a frame of {rgb.shape[1]}x{rgb.shape[0]} pixels came, but the embodiment declares "
            f"{camera.width}x{camera.height}; set the camera driver's resolution or the embodiment's camera"
        )
    return CameraImage(key=camera.key, stamp_ns=stamp_ns, rgb=rgb)


def fill_image(message: ImageMessage, rgb: ImageArray) -> None:
    """Write RGB pixels (height, width, 3) into an `Image`, all but its header."""
    message.height, message.width = rgb.shape[:2]
    message.encoding = "rgb8"
    message.is_bigendian = 0
    message.step = rgb.shape[1] * 3
    message.data = image_data(rgb)


def image_data(pixels: ImageArray) -> "array.array[int]":
    """Copy pixels into the one type that rclpy assigns to `data` without looking at every byte."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    return data


def _pixels(message: ImageMessage, encoding: Encoding) -> Any:
    """View the message's data as (height, width, channels), in the machine's byte order."""
    width_bytes = message.width * encoding.num_channels * encoding.bytes_per_value
    if message.height < 1 or message.width < 1:
        raise MessageError(f"image of {message.width}x{message.height} pixels is empty")
    if message.step < width_bytes:
        raise MessageError(
            f"image step is {message.step} bytes, expected at least {width_bytes} for {message.width} pixels of "
            f"{encoding.name}"
        )
    if len(message.data) != message.step * message.height:
        raise MessageError(
            f"image data has {len(message.data)} bytes, expected {message.step * message.height} for "
            f"{message.height} rows of {message.step} bytes"
        )
    rows = np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, message.step)[:, :width_bytes]
    values: Any = rows
    if encoding.bytes_per_value == 2:
        values = np.ascontiguousarray(rows).view(">u2" if message.is_bigendian else "<u2").astype(np.uint16)
    return values.reshape(message.height, message.width, encoding.num_channels)
