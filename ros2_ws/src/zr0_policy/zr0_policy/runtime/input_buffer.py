"""The newest messages of every input, with what was wrong with the unusable ones."""

import math
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from zr0_core.alignment import InputAge, ObservationAligner
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError, StaleInputError
from zr0_core.images import CompressedImageMessage, ImageMessage
from zr0_core.joints import JointStateMessage, joint_positions
from zr0_core.stamps import NANOSECONDS, HeaderMessage, header_stamp_ns
from zr0_core.types import NO_OBJECTS, FloatArray, Observation
from zr0_core.vectors import state_vector

OBJECTS_MAX_AGE_S = 0.5
"""Oldest ground truth that an inference may use, seconds."""


class StampedJointStateMessage(JointStateMessage, Protocol):
    """What is read of a `sensor_msgs/JointState`."""

    @property
    def header(self) -> HeaderMessage:
        """Carries the time of the measurement."""


class InputBuffer:
    """Collects messages from callbacks and gives observations to the inference thread.

    Safe to use from several threads.

    Args:
        embodiment: Declares the inputs.
        objects_topic: Where ground-truth object poses come from; empty when there are none. When given, they are an
            input like the others. Simulation only.
    """

    def __init__(self, embodiment: Embodiment, objects_topic: str = "") -> None:
        self._embodiment = embodiment
        self._objects_topic = objects_topic
        self._aligner = ObservationAligner(embodiment)
        self._camera_names = {camera.key: camera.name for camera in embodiment.cameras}
        self._lock = threading.Lock()
        self._objects: Mapping[str, FloatArray] = NO_OBJECTS
        self._objects_stamp_ns: int | None = None
        self._faults: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def add_image(self, key: str, message: ImageMessage | CompressedImageMessage) -> None:
        """Add a frame of the camera with this feature key; a frame without a stamp is noted as that camera's fault."""
        try:
            self._aligner.add_frame(key, message)
        except MessageError as error:
            self._note(self._camera_names[key], str(error))
        else:
            self._note(self._camera_names[key], "")

    def add_joint_state(self, message: StampedJointStateMessage) -> None:
        """Add a joint measurement; one that lacks a joint or a stamp is noted as the state's fault."""
        try:
            stamp_ns = header_stamp_ns(message.header, "joint state")
            measured = joint_positions(message, self._embodiment.measured_names)
        except MessageError as error:
            self._note("state", str(error))
        else:
            self._aligner.add_state(stamp_ns, state_vector(self._embodiment, measured))
            self._note("state", "")

    def set_objects(self, stamp_ns: int, objects: Mapping[str, FloatArray]) -> None:
        """Set the ground-truth object poses (x, y, z, qw, qx, qy, qz), m, base frame; simulation only."""
        with self._lock:
            self._objects_stamp_ns = stamp_ns
            self._objects = dict(objects)
        self._note("objects", "")

    def counts(self) -> Mapping[str, int]:
        """Return how many usable messages of every input came so far, by input name."""
        with self._lock:
            return Counter(self._counts)

    def ages(self, now_ns: int) -> tuple[InputAge, ...]:
        """Return the age of every input: cameras in the embodiment's order, the state, and the objects when used."""
        ages = self._aligner.ages(now_ns)
        if not self._objects_topic:
            return ages
        with self._lock:
            stamp_ns = self._objects_stamp_ns
        objects_age = InputAge(
            name="objects",
            topic=self._objects_topic,
            age_s=math.inf if stamp_ns is None else (now_ns - stamp_ns) / NANOSECONDS,
            max_age_s=OBJECTS_MAX_AGE_S,
        )
        return (*ages, objects_age)

    def complaint(self, ages: tuple[InputAge, ...]) -> str:
        """Say which inputs are missing or too old, and what was wrong with their messages; empty when all are fresh."""
        with self._lock:
            faults = dict(self._faults)
        return "; ".join(
            f"{age}" + (f" ({faults[age.name]})" if age.name in faults else "") for age in ages if age.is_stale
        )

    def observe(self, now_ns: int, instruction: str) -> Observation:
        """Return the newest aligned observation.

        Raises:
            StaleInputError: An input is missing or too old.
            MessageError: A picked frame cannot be decoded or is not what the embodiment declares.
        """
        complaint = self.complaint(self.ages(now_ns))
        if complaint:
            raise StaleInputError(complaint)
        with self._lock:
            objects = self._objects
        return self._aligner.observe(now_ns, instruction, objects)

    def _note(self, name: str, fault: str) -> None:
        with self._lock:
            if fault:
                self._faults[name] = fault
            else:
                self._faults.pop(name, None)
                self._counts[name] += 1
