"""The newest messages of every input, decoded only when an observation uses them."""

import dataclasses
import threading
from collections import deque
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from zr0_core.alignment import InputAge, ObservationAligner
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError
from zr0_core.images import CompressedImageMessage, ImageMessage, camera_image
from zr0_core.joints import JointStateMessage, joint_positions
from zr0_core.stamps import HeaderMessage, header_stamp_ns
from zr0_core.types import NO_OBJECTS, CameraImage, FloatArray, Observation
from zr0_core.vectors import state_vector

_NOT_DECODED = np.empty((0, 0, 3), dtype=np.uint8)
_MESSAGES_KEPT = 16


class StampedJointStateMessage(JointStateMessage, Protocol):
    """What is read of a `sensor_msgs/JointState`."""

    header: HeaderMessage


class InputBuffer:
    """Collects messages from callbacks and gives observations to the inference thread.

    Frames are aligned by their stamps alone; pixels are decoded for the few frames that an observation picks.

    Safe to use from several threads.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        self._embodiment = embodiment
        self._aligner = ObservationAligner(embodiment)
        self._cameras = {camera.key: camera for camera in embodiment.cameras}
        self._lock = threading.Lock()
        self._frames: dict[str, deque[tuple[int, ImageMessage | CompressedImageMessage]]] = {
            key: deque(maxlen=_MESSAGES_KEPT) for key in self._cameras
        }
        self._objects: Mapping[str, FloatArray] = NO_OBJECTS
        self._faults: dict[str, str] = {}

    def add_image(self, key: str, message: ImageMessage | CompressedImageMessage) -> None:
        """Add a frame of the camera with this feature key; a frame without a stamp is noted as that camera's fault."""
        camera = self._cameras[key]
        try:
            stamp_ns = header_stamp_ns(message.header, f"camera {camera.name}")
        except MessageError as error:
            self._note_fault(camera.name, str(error))
            return
        with self._lock:
            self._frames[key].append((stamp_ns, message))
            self._faults.pop(camera.name, None)
        self._aligner.add_image(CameraImage(key=key, stamp_ns=stamp_ns, rgb=_NOT_DECODED))

    def add_joint_state(self, message: StampedJointStateMessage) -> None:
        """Add a joint measurement; one that lacks a joint or a stamp is noted as the state's fault."""
        try:
            stamp_ns = header_stamp_ns(message.header, "joint state")
            measured = joint_positions(message, self._embodiment.measured_names)
        except MessageError as error:
            self._note_fault("state", str(error))
            return
        with self._lock:
            self._faults.pop("state", None)
        self._aligner.add_state(stamp_ns, state_vector(self._embodiment, measured))

    def set_objects(self, objects: Mapping[str, FloatArray]) -> None:
        """Set the ground-truth object poses; simulation only."""
        with self._lock:
            self._objects = dict(objects)

    def clear(self) -> None:
        """Forget everything."""
        self._aligner.clear()
        with self._lock:
            for frames in self._frames.values():
                frames.clear()
            self._objects = NO_OBJECTS
            self._faults.clear()

    def ages(self, now_ns: int) -> tuple[InputAge, ...]:
        """Return the age of every input, cameras in the embodiment's order, then the state."""
        return self._aligner.ages(now_ns)

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
        with self._lock:
            objects = self._objects
        observation = self._aligner.observe(now_ns, instruction, objects)
        images = tuple(self._decode(image) for image in observation.images)
        return dataclasses.replace(observation, images=images)

    def _decode(self, image: CameraImage) -> CameraImage:
        with self._lock:
            found = [message for stamp_ns, message in self._frames[image.key] if stamp_ns == image.stamp_ns]
        if not found:
            raise MessageError(f"camera {self._cameras[image.key].name}: the frame was overtaken before it was read")
        return camera_image(self._cameras[image.key], found[0])

    def _note_fault(self, name: str, text: str) -> None:
        with self._lock:
            self._faults[name] = text
