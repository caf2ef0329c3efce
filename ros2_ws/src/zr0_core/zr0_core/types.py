"""What crosses the boundaries between packages."""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.uint8]

NO_OBJECTS: Mapping[str, FloatArray] = types.MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class CameraImage:
    """One camera frame."""

    key: str
    """Feature key of the camera, as in the embodiment."""
    stamp_ns: int
    """Capture time, nanoseconds since the epoch."""
    rgb: ImageArray
    """Pixels, (height, width, 3), red first."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that a policy sees at one moment."""

    images: tuple[CameraImage, ...]
    """One frame per camera, in the embodiment's camera order."""
    state: FloatArray
    """State vector (S,), SI units, in the embodiment's state order."""
    state_stamp_ns: int
    """Stamp of the joint measurement that the state was read from."""
    instruction: str
    """What the robot is asked to do, in words."""
    objects: Mapping[str, FloatArray] = field(default_factory=lambda: NO_OBJECTS)
    """Ground-truth object poses (x, y, z, qw, qx, qy, qz), m, base frame. Simulation only; empty on a real robot."""

    @property
    def newest_stamp_ns(self) -> int:
        """The stamp of the newest input, nanoseconds since the epoch."""
        return max([self.state_stamp_ns, *(image.stamp_ns for image in self.images)])


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What is left of the previous chunk when a new observation is taken.

    Row k is the target to be reached at the new observation's `newest_stamp_ns` + (k + 1) * step period, as in the
    chunk that is to be computed.

    Raises:
        ValueError: The actions are not a matrix with at least one row, or more rows are frozen than there are.
    """

    actions: FloatArray
    """Targets (K, A), SI units; 1 <= K <= H."""
    num_frozen: int
    """How many first rows will have been begun before the new chunk can take over, 0 to K."""

    def __post_init__(self) -> None:
        if self.actions.ndim != 2 or not len(self.actions):
            raise ValueError(f"actions of an overlap have shape {self.actions.shape}, expected (K, A) with K >= 1")
        if not 0 <= self.num_frozen <= len(self.actions):
            raise ValueError(f"num_frozen is {self.num_frozen}, expected 0 to {len(self.actions)}, the overlap's rows")


@dataclass(frozen=True, kw_only=True)
class ActionChunk:
    """A horizon of actions.

    Row k is the target to be reached at `observation_stamp_ns` + (k + 1) * `step_period_s`.
    """

    embodiment: str
    """Name of the embodiment that the actions are for."""
    embodiment_hash: str
    """Content hash of that embodiment."""
    names: tuple[str, ...]
    """A column names."""
    actions: FloatArray
    """Targets (H, A), SI units."""
    step_period_s: float
    """Time between rows, seconds."""
    observation_stamp_ns: int
    """Stamp of the newest observation used, nanoseconds since the epoch."""
    sequence: int
    """Increases by one with every chunk of one policy run."""
    num_executed_assumed: int
    """Rows of the previous chunk assumed to have been executed when this one was computed."""


@dataclass(frozen=True, kw_only=True)
class ArmState:
    """One report of the arm."""

    stamp_ns: int
    """When the report was received, nanoseconds since the epoch."""
    positions: FloatArray
    """Arm joint positions (N,), rad."""
    mode: int
    """Motion mode of the arm: 0 position, 1 servo, 4 joint velocity, 5 Cartesian velocity, 6 and 7 online planning."""
    state: int
    """Arm state: 1 moving, 2 ready, 3 paused, 4 stopped, 5 configuration changed, 6 stopping."""
    error_code: int
    """Error code of the control box, 0 for none."""
    warning_code: int
    """Warning code of the control box, 0 for none."""
