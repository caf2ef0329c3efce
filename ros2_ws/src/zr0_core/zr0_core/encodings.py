"""The pixel encodings of `sensor_msgs/Image` that hold colour or grey pictures."""

from dataclasses import dataclass
from enum import Enum, auto


class ColorLayout(Enum):
    """How the channels of one pixel make up its colour."""

    RGB = auto()
    BGR = auto()
    RGBA = auto()
    BGRA = auto()
    MONO = auto()
    BAYER_RGGB = auto()
    BAYER_BGGR = auto()
    BAYER_GBRG = auto()
    BAYER_GRBG = auto()
    YUV_UYVY = auto()
    YUV_YUYV = auto()


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """One encoding."""

    name: str
    """Its name in messages."""
    layout: ColorLayout
    """How the channels make up the colour."""
    num_channels: int
    """Values per pixel."""
    bytes_per_value: int
    """1 or 2."""

    @property
    def has_color(self) -> bool:
        """Whether it is more than shades of grey."""
        return self.layout is not ColorLayout.MONO


def _encoding(name: str, layout: ColorLayout, num_channels: int, bytes_per_value: int = 1) -> Encoding:
    return Encoding(name=name, layout=layout, num_channels=num_channels, bytes_per_value=bytes_per_value)


ENCODINGS: dict[str, Encoding] = {
    encoding.name: encoding
    for encoding in (
        _encoding("rgb8", ColorLayout.RGB, 3),
        _encoding("bgr8", ColorLayout.BGR, 3),
        _encoding("rgba8", ColorLayout.RGBA, 4),
        _encoding("bgra8", ColorLayout.BGRA, 4),
        _encoding("mono8", ColorLayout.MONO, 1),
        _encoding("rgb16", ColorLayout.RGB, 3, 2),
        _encoding("bgr16", ColorLayout.BGR, 3, 2),
        _encoding("rgba16", ColorLayout.RGBA, 4, 2),
        _encoding("bgra16", ColorLayout.BGRA, 4, 2),
        _encoding("mono16", ColorLayout.MONO, 1, 2),
        _encoding("bayer_rggb8", ColorLayout.BAYER_RGGB, 1),
        _encoding("bayer_bggr8", ColorLayout.BAYER_BGGR, 1),
        _encoding("bayer_gbrg8", ColorLayout.BAYER_GBRG, 1),
        _encoding("bayer_grbg8", ColorLayout.BAYER_GRBG, 1),
        _encoding("yuv422", ColorLayout.YUV_UYVY, 2),
        _encoding("uyvy", ColorLayout.YUV_UYVY, 2),
        _encoding("yuv422_yuy2", ColorLayout.YUV_YUYV, 2),
        _encoding("yuyv", ColorLayout.YUV_YUYV, 2),
    )
}
"""By name. Depth images (16UC1, 32FC1) and arrays without declared colours (8UC3) are not among them."""
