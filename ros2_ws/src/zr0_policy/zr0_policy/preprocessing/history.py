"""Which earlier frames accompany the newest one."""

import bisect
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_logger = logging.getLogger(__name__)

FRAMES_PER_SPACING = 8
"""Frames kept per spacing of the window: it bounds the memory, and a frame is off by at most a sixteenth of it more."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A choice of frames."""

    indices: tuple[int, ...]
    """Places of the W chosen frames in the given sequence, oldest first; the last is the newest frame."""
    num_missing: int
    """How many of them stand in for a frame within the episode that is not there."""


def choose_frames(stamps_ns: Sequence[int], *, window_size: int, spacing_ns: int) -> Window:
    """Choose the frames of a history window: the newest, and the nearest to every multiple of the spacing before it.

    What lies before the first frame of the episode is filled with the first frame. A frame that is farther than half a
    spacing from where one should be is not used: from such a gap backwards, the oldest frame chosen so far is repeated
    and counted as missing.

    Args:
        stamps_ns: Rising stamps of the frames of one episode up to the newest, nanoseconds since the epoch.
        window_size: Frames to choose, W.
        spacing_ns: Time between them, nanoseconds.

    Raises:
        ValueError: There is no frame, the stamps do not rise, or size or spacing is below 1.

    Source: ZR-0's published training samples, spaced by n action steps, 1 <= n <= H, the first frame repeated.
    """
    if window_size < 1 or spacing_ns < 1:
        raise ValueError(f"window_size is {window_size} and spacing_ns {spacing_ns}, expected at least 1")
    if not stamps_ns:
        raise ValueError("there is no frame to choose from")
    if any(later <= earlier for earlier, later in itertools.pairwise(stamps_ns)):
        raise ValueError("the stamps of the frames do not rise")
    newest = len(stamps_ns) - 1
    chosen = [newest]
    for step in range(1, window_size):
        wanted_ns = stamps_ns[newest] - step * spacing_ns
        nearest = _nearest(stamps_ns, wanted_ns)
        if wanted_ns > stamps_ns[0] and 2 * abs(stamps_ns[nearest] - wanted_ns) > spacing_ns:
            num_missing = window_size - step
            return Window(indices=(*[chosen[-1]] * num_missing, *reversed(chosen)), num_missing=num_missing)
        chosen.append(nearest)
    return Window(indices=tuple(reversed(chosen)), num_missing=0)


class FrameHistory:
    """The frames that were inferred from since the episode began, as far back as the window reaches.

    Args:
        window_size: Frames of the window.
        spacing_ns: Time between them, nanoseconds.

    Raises:
        ValueError: Size or spacing is below 1.
    """

    def __init__(self, *, window_size: int, spacing_ns: int) -> None:
        if window_size < 1 or spacing_ns < 1:
            raise ValueError(f"window_size is {window_size} and spacing_ns {spacing_ns}, expected at least 1")
        self._window_size = window_size
        self._spacing_ns = spacing_ns
        self._stamps_ns: list[int] = []
        self._frames: list[NDArray[np.float32]] = []
        self._num_incomplete = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def num_incomplete(self) -> int:
        """Windows since the episode began in which a frame was missing."""
        return self._num_incomplete

    def clear(self) -> None:
        """Begin an episode."""
        self._stamps_ns.clear()
        self._frames.clear()
        self._num_incomplete = 0

    def extend(self, stamp_ns: int, frame: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Add the newest frame and return the window that ends with it.

        Frames that are not older than it are forgotten: it replaces one of the same stamp, and a clock that was set
        back begins anew. The first window of an episode that lacks a frame is warned of, the others are counted.

        Args:
            stamp_ns: When the frame was captured, nanoseconds since the epoch.
            frame: All images of that moment, as patches; kept, not copied.

        Returns:
            The frames of the window, oldest first, W of them.
        """
        self._add(stamp_ns, frame)
        window = choose_frames(self._stamps_ns, window_size=self._window_size, spacing_ns=self._spacing_ns)
        if window.num_missing:
            self._num_incomplete += 1
            if self._num_incomplete == 1:
                _logger.warning(
                    "%d of %d frames of the history window are missing and repeat a later one: there is none within "
                    "half of the spacing of %.3f s; infer more often, or choose a larger history_spacing_steps",
                    window.num_missing,
                    self._window_size,
                    self._spacing_ns / 1e9,
                )
        return tuple(self._frames[index] for index in window.indices)

    def _add(self, stamp_ns: int, frame: NDArray[np.float32]) -> None:
        stamps_ns = self._stamps_ns
        while stamps_ns and stamps_ns[-1] >= stamp_ns:
            self._forget(len(stamps_ns) - 1)
        # The newest frame is always kept; now that it is not the newest any more, only if it is not too close.
        if len(stamps_ns) > 1 and (stamps_ns[-1] - stamps_ns[-2]) * FRAMES_PER_SPACING < self._spacing_ns:
            self._forget(len(stamps_ns) - 1)
        stamps_ns.append(stamp_ns)
        self._frames.append(frame)
        # One frame that is older than the window stays, so that a gap is told from the beginning of the episode.
        reach_ns = (self._window_size - 1) * self._spacing_ns
        while len(stamps_ns) > 1 and stamps_ns[1] <= stamp_ns - reach_ns:
            self._forget(0)

    def _forget(self, index: int) -> None:
        del self._stamps_ns[index]
        del self._frames[index]


def _nearest(stamps_ns: Sequence[int], wanted_ns: int) -> int:
    """Index of the stamp nearest to a moment, the newer of two equally near."""
    after = min(bisect.bisect_left(stamps_ns, wanted_ns), len(stamps_ns) - 1)
    before = max(after - 1, 0)
    return after if stamps_ns[after] - wanted_ns <= wanted_ns - stamps_ns[before] else before
