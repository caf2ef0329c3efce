"""Record the cameras into a video while the session runs."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from zr0_core.errors import Zr0Error
from zr0_core.types import ImageArray

from zr0_bringup.session.frames import Caption, FrameComposer
from zr0_bringup.session.video import VideoWriter

RATE = 12
"""Frames per second: enough to judge a motion, cheap enough to encode beside the stack."""
WAKE_TOLERANCE = 0.01
"""By how much of a period a wait may end early."""


class VideoRecorder:
    """A thread that takes the newest images at a fixed rate.

    Args:
        path: The video file.
        composer: Draws the frames.
        images: Returns the newest image of each camera, None where there is none.
        caption: Returns what the frame says.
    """

    def __init__(
        self,
        path: Path,
        composer: FrameComposer,
        images: Callable[[], Sequence[ImageArray | None]],
        caption: Callable[[], Caption],
    ) -> None:
        self._writer = VideoWriter(path, width=composer.width, height=composer.height, rate=RATE)
        self._composer = composer
        self._images = images
        self._caption = caption
        self._must_end = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="video")
        self._thread.start()

    def close(self) -> None:
        """Finish the file.

        Raises:
            Zr0Error: It could not be written, as on a full disk; what there was of it is removed.
        """
        self._must_end.set()
        self._thread.join()
        if isinstance(self._error, OSError):
            self._writer.discard()
            raise Zr0Error(
                f"there is no video, since it could not be written: {self._error}; free some space, "
                "or choose another place with --output, or do without it by --no-video"
            ) from self._error
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        start = time.monotonic()
        try:
            while not self._must_end.wait(1.0 / RATE - (time.monotonic() - start) % (1.0 / RATE)):
                # The period that began, not the moment: two frames, however late, never fall into one.
                period = int((time.monotonic() - start) * RATE + WAKE_TOLERANCE)
                self._writer.write(self._composer.compose(self._images(), self._caption()), period / RATE)
            self._writer.close()
        except Exception as error:  # noqa: BLE001 - handed to the main thread by close
            self._error = error
