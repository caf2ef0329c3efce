"""Write frames into an H.264 file."""

from fractions import Fraction
from pathlib import Path

import av
from zr0_core.types import ImageArray

CODEC = "libx264"
OPTIONS = {"preset": "veryfast", "crf": "24", "threads": "1"}


class VideoWriter:
    """One MP4 file. It appears under its name when it is closed.

    Args:
        path: The file.
        width: Frame width, pixels; even.
        height: Frame height, pixels; even.
        rate: Frames per second.
    """

    def __init__(self, path: Path, *, width: int, height: int, rate: int) -> None:
        if width % 2 or height % 2:
            raise ValueError(f"video frames of {width}x{height} cannot be encoded: both must be even")
        self._path = path
        self._partial = path.with_name(f".{path.name}.part")
        self._container = av.open(str(self._partial), mode="w", format="mp4")
        self._stream = self._container.add_stream(CODEC, rate=rate, options=OPTIONS)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, rate)
        self._rate = rate
        self._last = -1

    def write(self, rgb: ImageArray, time_s: float) -> None:
        """Add a frame.

        Args:
            rgb: Pixels (height, width, 3).
            time_s: Its time since the beginning; frames that come twice in one period are left out.
        """
        number = round(time_s * self._rate)
        if number <= self._last:
            return
        self._last = number
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts = number
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file. Without a frame there is none."""
        if self._last < 0:
            self._container.close()
            self._partial.unlink(missing_ok=True)
            return
        self._container.mux(self._stream.encode())
        self._container.close()
        self._partial.replace(self._path)

    def discard(self) -> None:
        """Remove what there is of a file that could not be written."""
        self._partial.unlink(missing_ok=True)
