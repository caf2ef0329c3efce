"""Compose a video frame: both cameras side by side over a strip of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from zr0_core.types import ImageArray

CAMERA_HEIGHT = 320
STRIP_HEIGHT = 64
MARGIN = 8
BACKGROUND = (22, 24, 29)
TEXT = (235, 235, 235)
FADED = (150, 155, 165)
STATE_COLOURS = {
    "tracking": (88, 196, 120),
    "holding": (240, 190, 80),
    "homing": (110, 170, 250),
    "stopping": (240, 140, 70),
    "fault": (240, 80, 80),
}


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What the strip says."""

    title: str
    """Episode and instruction."""
    state: str
    """Name of the controller's state, which is coloured."""
    detail: str
    """Numbers of the moment."""
    progress: float
    """0 to 100, drawn as a bar."""


class FrameComposer:
    """Draws frames of one size.

    Args:
        names: Camera names, from left to right.
        sizes: Width and height of each camera's images.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> None:
        self._names = tuple(names)
        self._widths = tuple(2 * round(CAMERA_HEIGHT * width / height / 2) for width, height in sizes)
        fonts = Path(mpl.get_data_path(), "fonts", "ttf")
        self._font = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), 14)
        self._bold = ImageFont.truetype(str(fonts / "DejaVuSans-Bold.ttf"), 15)

    @property
    def width(self) -> int:
        """Frame width, pixels."""
        return sum(self._widths)

    @property
    def height(self) -> int:
        """Frame height, pixels."""
        return CAMERA_HEIGHT + STRIP_HEIGHT

    def compose(self, images: Sequence[ImageArray | None], caption: Caption) -> ImageArray:
        """Return a frame (height, width, 3).

        Args:
            images: One image per camera; None where none has arrived.
            caption: What the strip says.
        """
        canvas = np.full((self.height, self.width, 3), BACKGROUND, dtype=np.uint8)
        left = 0
        for image, width in zip(images, self._widths, strict=True):
            if image is not None:
                target = canvas[:CAMERA_HEIGHT, left : left + width]
                target[:] = cv2.resize(image, (width, CAMERA_HEIGHT), interpolation=cv2.INTER_AREA)
            left += width
        picture = Image.fromarray(canvas)
        self._draw_text(ImageDraw.Draw(picture), images, caption)
        return np.asarray(picture)

    def _draw_text(self, draw: ImageDraw.ImageDraw, images: Sequence[ImageArray | None], caption: Caption) -> None:
        left = 0
        for name, image, width in zip(self._names, images, self._widths, strict=True):
            label = f"{name} camera" if image is not None else f"{name} camera: no image"
            box = draw.textbbox((left + MARGIN, MARGIN), label, font=self._font)
            draw.rectangle((box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3), fill=BACKGROUND)
            draw.text((left + MARGIN, MARGIN), label, font=self._font, fill=TEXT)
            left += width
        top = CAMERA_HEIGHT + MARGIN
        draw.text((MARGIN, top), caption.title, font=self._bold, fill=TEXT)
        colour = STATE_COLOURS.get(caption.state, FADED)
        state = caption.state.upper()
        draw.text((MARGIN, top + 24), state, font=self._bold, fill=colour)
        after = MARGIN + draw.textlength(state, font=self._bold) + 12
        draw.text((after, top + 25), caption.detail, font=self._font, fill=FADED)
        bottom = self.height - 5
        draw.rectangle((0, bottom, self.width, self.height), fill=(50, 54, 62))
        draw.rectangle((0, bottom, self.width * min(caption.progress, 100.0) / 100.0, self.height), fill=(88, 196, 120))
