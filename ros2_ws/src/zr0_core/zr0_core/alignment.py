"""One observation out of streams that arrive at their own times: the same for live topics and for bags."""

import bisect
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import StaleInputError
from zr0_core.images import CompressedImageMessage, ImageMessage, camera_image
from zr0_core.stamps import NANOSECONDS, header_stamp_ns
from zr0_core.types import NO_OBJECTS, CameraImage, FloatArray, Observation

Value = TypeVar("Value")

STATE_CAPACITY = 128
"""Joint measurements kept: more than a second of them at 100 Hz."""


@dataclass(frozen=True, kw_only=True)
class InputAge:
    """How old an input is."""

    name: str
    """The camera's name, or `state`."""
    topic: str
    """The topic that the embodiment declares for it."""
    age_s: float
    """Seconds since the newest usable sample was captured; infinity when there is none."""
    max_age_s: float
    """The oldest that an inference may use, seconds."""
    lead_s: float = 0.0
    """How far the newest sample of all lies in the future, seconds; 0 when it does not."""

    @property
    def is_stale(self) -> bool:
        """Whether no inference may use it."""
        return self.age_s > self.max_age_s

    def __str__(self) -> str:
        limit = f"limit {self.max_age_s:.3f} s"
        ahead = f"; the newest is stamped {self.lead_s:.3f} s in the future: compare the clocks" if self.lead_s else ""
        if math.isinf(self.age_s):
            return f"{self.name} ({self.topic}) has no usable sample, {limit}{ahead or '; was it ever published?'}"
        return f"{self.name} ({self.topic}) is {self.age_s:.3f} s old, {limit}{ahead}"


class ObservationAligner:
    """Keeps the newest samples of every stream and picks the ones that belong together.

    All times are header stamps. Samples after `now_ns` are never used, so that a bag that was read ahead gives what
    the live topics would have given. Of the samples that are young enough, those nearest to one reference moment are
    taken: the capture time of the newest frame of the slowest stream.

    Safe to use from several threads.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        self._lock = threading.Lock()
        self._cameras = {camera.key: camera for camera in embodiment.cameras}
        self._frames: dict[str, _Stream[Callable[[], CameraImage]]] = {
            camera.key: _Stream(
                name=camera.name,
                topic=camera.topic,
                max_age_s=camera.max_age,
                capacity=math.ceil(camera.max_age * camera.rate) + 4,
            )
            for camera in embodiment.cameras
        }
        self._state: _Stream[FloatArray] = _Stream(
            name="state",
            topic=embodiment.state.topic,
            max_age_s=embodiment.state.max_age,
            capacity=STATE_CAPACITY,
        )

    def add_frame(self, camera_key: str, message: ImageMessage | CompressedImageMessage) -> None:
        """Add a camera's message; it is decoded when an observation picks it, and the others never.

        Raises:
            ValueError: The embodiment has no camera with this key.
            MessageError: The message is not stamped.
        """
        camera = self._camera(camera_key)
        stamp_ns = header_stamp_ns(message.header, f"camera {camera.name}")
        with self._lock:
            self._frames[camera_key].add(stamp_ns, partial(camera_image, camera, message))

    def add_image(self, image: CameraImage) -> None:
        """Add a decoded camera frame.

        Raises:
            ValueError: The embodiment has no camera with its key.
        """
        self._camera(image.key)
        with self._lock:
            self._frames[image.key].add(image.stamp_ns, lambda: image)

    def add_state(self, stamp_ns: int, state: FloatArray) -> None:
        """Add a state vector (S,), SI units, measured at `stamp_ns`."""
        with self._lock:
            self._state.add(stamp_ns, state)

    def clear(self) -> None:
        """Forget all samples, as after a jump of the clock."""
        with self._lock:
            for stream in self._streams():
                stream.clear()

    def ages(self, now_ns: int) -> tuple[InputAge, ...]:
        """Return the age of every input at `now_ns`, cameras in the embodiment's order, then the state."""
        with self._lock:
            return self._ages(now_ns)

    def check(self, now_ns: int) -> None:
        """Check that every input is young enough.

        Raises:
            StaleInputError: One is missing or too old. The error names every such input with its age and limit.
        """
        with self._lock:
            self._check(now_ns)

    def observe(self, now_ns: int, instruction: str, objects: Mapping[str, FloatArray] = NO_OBJECTS) -> Observation:
        """Pick the samples of one observation.

        Args:
            now_ns: The moment to observe at, nanoseconds since the epoch: the clock, or a time within a bag.
            instruction: What the robot is asked to do, in words.
            objects: Ground-truth object poses; simulation only.

        Raises:
            StaleInputError: As `check`.
            MessageError: A picked frame cannot be decoded or is not what the embodiment declares.
        """
        with self._lock:
            self._check(now_ns)
            reference_ns = min(stream.newest_ns(now_ns) for stream in self._streams())
            frames = [stream.nearest(reference_ns, now_ns)[1] for stream in self._frames.values()]
            state_stamp_ns, state = self._state.nearest(reference_ns, now_ns)
        return Observation(
            images=tuple(decode() for decode in frames),
            state=state,
            state_stamp_ns=state_stamp_ns,
            instruction=instruction,
            objects=objects,
        )

    def _camera(self, key: str) -> Camera:
        if key not in self._cameras:
            raise ValueError(f"no camera has the key {key!r}, available: {', '.join(self._cameras)}")
        return self._cameras[key]

    def _streams(self) -> "list[_Stream[Callable[[], CameraImage]] | _Stream[FloatArray]]":
        return [*self._frames.values(), self._state]

    def _ages(self, now_ns: int) -> tuple[InputAge, ...]:
        return tuple(stream.age(now_ns) for stream in self._streams())

    def _check(self, now_ns: int) -> None:
        stale = [age for age in self._ages(now_ns) if age.is_stale]
        if stale:
            raise StaleInputError("; ".join(str(age) for age in stale))


class _Stream(Generic[Value]):
    """The newest samples of one stream, in the order of their stamps."""

    def __init__(self, *, name: str, topic: str, max_age_s: float, capacity: int) -> None:
        self._name = name
        self._topic = topic
        self._max_age_s = max_age_s
        self._max_age_ns = round(max_age_s * NANOSECONDS)
        self._capacity = capacity
        self._samples: list[tuple[int, Value]] = []

    def add(self, stamp_ns: int, value: Value) -> None:
        """Insert by stamp; a second sample of one stamp is dropped, and the oldest when there are too many."""
        place = bisect.bisect_left(self._samples, stamp_ns, key=_stamp)
        if place < len(self._samples) and self._samples[place][0] == stamp_ns:
            return
        self._samples.insert(place, (stamp_ns, value))
        if len(self._samples) > self._capacity:
            del self._samples[0]

    def clear(self) -> None:
        self._samples.clear()

    def age(self, now_ns: int) -> InputAge:
        count = self._count(now_ns)
        return InputAge(
            name=self._name,
            topic=self._topic,
            age_s=(now_ns - self._samples[count - 1][0]) / NANOSECONDS if count else math.inf,
            max_age_s=self._max_age_s,
            lead_s=max(0, self._samples[-1][0] - now_ns) / NANOSECONDS if self._samples else 0.0,
        )

    def newest_ns(self, now_ns: int) -> int:
        """Stamp of the newest sample not after now; there must be one."""
        return self._samples[self._count(now_ns) - 1][0]

    def nearest(self, reference_ns: int, now_ns: int) -> tuple[int, Value]:
        """The young enough sample, not after now, that is nearest to a reference; the newer of two equally near."""
        first = bisect.bisect_left(self._samples, now_ns - self._max_age_ns, key=_stamp)
        usable = self._samples[first : self._count(now_ns)]
        return min(reversed(usable), key=lambda sample: abs(sample[0] - reference_ns))

    def _count(self, now_ns: int) -> int:
        """Number of samples not after now."""
        return bisect.bisect_right(self._samples, now_ns, key=_stamp)


def _stamp(sample: tuple[int, object]) -> int:
    return sample[0]
