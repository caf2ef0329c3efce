"""The embodiment: the one place for the facts of a robot."""

import dataclasses
import difflib
import hashlib
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import yaml

from zr0_core.errors import EmbodimentError
from zr0_core.kinematics import SerialChain, transform_from
from zr0_core.schema import build
from zr0_core.types import FloatArray

POSE_NAMES = ("x", "y", "z", "sin_roll", "cos_roll", "sin_pitch", "cos_pitch", "sin_yaw", "cos_yaw")


class ActionSpace(StrEnum):
    """What the action vector means."""

    JOINT_POSITION = "joint_position"
    END_EFFECTOR_POSE = "end_effector_pose"


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One revolute arm joint, turning about its own z axis."""

    name: str
    """Name in `JointState` messages."""
    origin_xyz: tuple[float, float, float]
    """Parent link to joint frame at zero position, m."""
    origin_rpy: tuple[float, float, float]
    """The same, fixed-axis angles, rad."""
    lower: float
    """Lower position limit, rad."""
    upper: float
    """Upper position limit, rad."""

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(f"joint {self.name}: lower ({self.lower}) must be below upper ({self.upper})")


@dataclass(frozen=True, kw_only=True)
class MotionLimits:
    """Largest joint motion. The same for every joint."""

    velocity: float
    """rad/s."""
    acceleration: float
    """rad/s^2."""
    jerk: float
    """rad/s^3."""

    def __post_init__(self) -> None:
        for name in ("velocity", "acceleration", "jerk"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}, expected a finite number above 0")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The box that the tool centre point must stay in, in the base frame."""

    lower: tuple[float, float, float]
    """m."""
    upper: tuple[float, float, float]
    """m."""

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"workspace lower {self.lower} must be below upper {self.upper} on every axis")


@dataclass(frozen=True, kw_only=True)
class Gripper:
    """A parallel gripper driven by one joint."""

    joint: str
    """Name in `JointState` messages."""
    open: float
    """Drive joint position when open, rad."""
    closed: float
    """Drive joint position when closed, rad."""
    velocity: float
    """Largest drive joint speed, rad/s."""


@dataclass(frozen=True, kw_only=True)
class ToolOffset:
    """Flange to tool centre point."""

    xyz: tuple[float, float, float]
    """m."""
    rpy: tuple[float, float, float]
    """Fixed-axis angles, rad."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The arm: kinematics, limits and rest position."""

    model: str
    """xarm6 or xarm7."""
    base_frame: str
    """Name of the base frame."""
    tool_frame: str
    """Name of the tool centre point frame."""
    joints: tuple[Joint, ...]
    """From the base to the flange; this order is the order of every joint vector."""
    tool_offset: ToolOffset
    """Flange to tool centre point."""
    hardware_limits: MotionLimits
    """What the arm itself allows. Stops use them in full."""
    motion_limits: MotionLimits
    """What a policy may use."""
    home: tuple[float, ...]
    """Rest position, rad, one per joint."""
    workspace: Workspace
    """Where the tool centre point may be."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One camera."""

    key: str
    """Feature key in observations and datasets."""
    name: str
    """Short name, as in topics."""
    topic: str
    """Raw image topic."""
    encoding: str
    """`sensor_msgs/Image` encoding."""
    width: int
    """pixels."""
    height: int
    """pixels."""
    rate: float
    """Frames per second."""
    max_age: float
    """Oldest frame that an inference may use, seconds."""


@dataclass(frozen=True, kw_only=True)
class StateVector:
    """What the state vector holds."""

    key: str
    """Feature key in observations and datasets."""
    names: tuple[str, ...]
    """Component names: joint names, the gripper joint, or pose components of the tool."""
    topic: str
    """Joint state topic."""
    max_age: float
    """Oldest measurement that an inference may use, seconds."""


@dataclass(frozen=True, kw_only=True)
class ActionVector:
    """What the action vector holds."""

    key: str
    """Feature key in datasets."""
    space: ActionSpace
    """Joint positions or end-effector pose, absolute."""
    names: tuple[str, ...]
    """Component names; the gripper joint comes last."""
    step_period: float
    """Time between the rows of a chunk, seconds."""
    horizon: int
    """Rows of a chunk."""
    max_age: float
    """Oldest observation that an accepted chunk may be computed from, seconds."""
    max_step: float
    """Largest joint change between rows, or from the commanded position to the first row, rad."""


@dataclass(frozen=True, kw_only=True)
class FieldDifference:
    """One field in which two embodiments differ."""

    field: str
    """Dotted path of the field."""
    expected: str
    """Its value on this side."""
    got: str
    """Its value on the other side."""

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, kw_only=True)
class Embodiment:
    """A robot as policies, controllers, bags, datasets and checkpoints know it."""

    name: str
    """Unique name."""
    version: int
    """Increased with every change of meaning."""
    arm: Arm
    """The arm."""
    gripper: Gripper
    """The gripper."""
    cameras: tuple[Camera, ...]
    """Cameras, in the order in which policies see them."""
    state: StateVector
    """The state vector."""
    action: ActionVector
    """The action vector."""
    control_rate: float
    """Servo command rate, Hz."""

    def __post_init__(self) -> None:
        joint_names = [joint.name for joint in self.arm.joints]
        known = [*joint_names, self.gripper.joint, *POSE_NAMES]
        if len(set(known)) != len(known):
            raise ValueError(f"arm.joints: joint names must be unique and differ from {POSE_NAMES}, got {joint_names}")
        _check_names("state.names", self.state.names, known)
        expected = (
            (*joint_names, self.gripper.joint)
            if self.action.space is ActionSpace.JOINT_POSITION
            else (*POSE_NAMES, self.gripper.joint)
        )
        if self.action.names != expected:
            raise ValueError(f"action.names for {self.action.space.value} must be {expected}, got {self.action.names}")
        if len(self.arm.home) != len(joint_names):
            raise ValueError(f"arm.home has {len(self.arm.home)} values for {len(joint_names)} joints")
        for joint, value in zip(self.arm.joints, self.arm.home, strict=True):
            if not joint.lower <= value <= joint.upper:
                raise ValueError(f"arm.home: {joint.name} = {value} is outside [{joint.lower}, {joint.upper}] rad")
        for limit in ("velocity", "acceleration", "jerk"):
            asked, allowed = getattr(self.arm.motion_limits, limit), getattr(self.arm.hardware_limits, limit)
            if asked > allowed:
                raise ValueError(f"arm.motion_limits.{limit} is {asked}, above the hardware limit {allowed}")
        _check_unique("cameras.key", [camera.key for camera in self.cameras])
        _check_unique("cameras.name", [camera.name for camera in self.cameras])
        _check_unique("cameras.topic", [camera.topic for camera in self.cameras])
        for name, value in (
            ("action.step_period", self.action.step_period),
            ("action.horizon", self.action.horizon),
            ("action.max_age", self.action.max_age),
            ("action.max_step", self.action.max_step),
            ("state.max_age", self.state.max_age),
            ("control_rate", self.control_rate),
            *((f"cameras.{camera.name}.max_age", camera.max_age) for camera in self.cameras),
            *((f"cameras.{camera.name}.rate", camera.rate) for camera in self.cameras),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}, expected a finite number above 0")

    @classmethod
    def from_text(cls, text: str, source: str = "embodiment") -> "Embodiment":
        """Parse the YAML text of an embodiment.

        Args:
            text: YAML.
            source: Where the text comes from, for error messages.

        Raises:
            EmbodimentError: The text is not YAML, a field is missing, unknown or of the wrong type, or a value is out
                of range. The message names the field.
        """
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise EmbodimentError(f"{source} is not valid YAML: {error}") from error
        try:
            return build(cls, data, "")
        except ValueError as error:
            raise EmbodimentError(f"{source}: {error}") from error

    @classmethod
    def load(cls, name_or_path: str) -> "Embodiment":
        """Load a shipped embodiment by name, or one from a YAML file by path.

        Raises:
            EmbodimentError: No such name or file, or the file is malformed.
        """
        path = Path(name_or_path)
        if path.suffix in (".yaml", ".yml"):
            if not path.is_file():
                raise EmbodimentError(f"embodiment file {path} does not exist")
            return cls.from_text(path.read_text(encoding="utf-8"), str(path))
        shipped = shipped_embodiments()
        if name_or_path not in shipped:
            close = difflib.get_close_matches(name_or_path, shipped, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise EmbodimentError(
                f"no embodiment named {name_or_path!r}; {hint}available: {', '.join(shipped)}; "
                "or give the path of a .yaml file"
            )
        text = resources.files("zr0_core").joinpath("embodiments", f"{name_or_path}.yaml").read_text(encoding="utf-8")
        return cls.from_text(text, name_or_path)

    def to_text(self) -> str:
        """Write the embodiment as YAML that `from_text` reads back to an equal one."""
        data = json.loads(json.dumps(dataclasses.asdict(self)))
        return str(yaml.safe_dump(data, sort_keys=False))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the embodiment's content, whatever its formatting or comments."""
        canonical = json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @cached_property
    def chain(self) -> SerialChain:
        """Kinematics from the base to the tool centre point."""
        return SerialChain(
            joint_transforms=np.stack(
                [transform_from(np.array(joint.origin_xyz), np.array(joint.origin_rpy)) for joint in self.arm.joints]
            ),
            lower=self.lower,
            upper=self.upper,
            tool_transform=transform_from(np.array(self.arm.tool_offset.xyz), np.array(self.arm.tool_offset.rpy)),
        )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Arm joint names, N of them, in order."""
        return tuple(joint.name for joint in self.arm.joints)

    @property
    def measured_names(self) -> tuple[str, ...]:
        """The joints that are measured: the arm's, in order, then the gripper's; N + 1 of them."""
        return (*self.joint_names, self.gripper.joint)

    @property
    def lower(self) -> FloatArray:
        """Lower joint limits (N,), rad."""
        return np.array([joint.lower for joint in self.arm.joints])

    @property
    def upper(self) -> FloatArray:
        """Upper joint limits (N,), rad."""
        return np.array([joint.upper for joint in self.arm.joints])

    @property
    def home(self) -> FloatArray:
        """Rest position (N,), rad."""
        return np.array(self.arm.home)

    def compare(self, other: "Embodiment") -> tuple[FieldDifference, ...]:
        """List every field in which `other` differs from this embodiment; empty when they are the same."""
        return tuple(_differences("", dataclasses.asdict(self), dataclasses.asdict(other)))


def shipped_embodiments() -> tuple[str, ...]:
    """Names of the embodiments that come with the package, sorted."""
    folder = resources.files("zr0_core").joinpath("embodiments")
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def _check_names(field: str, names: tuple[str, ...], known: list[str]) -> None:
    _check_unique(field, list(names))
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{field}: unknown component {name!r}, available: {', '.join(known)}{hint}")


def _check_unique(field: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{field}: {', '.join(repeated)} given more than once")


def _differences(path: str, mine: object, other: object) -> list[FieldDifference]:
    if isinstance(mine, dict) and isinstance(other, dict):
        found: list[FieldDifference] = []
        for key in mine:
            found += _differences(f"{path}.{key}" if path else str(key), mine[key], other[key])
        return found
    if isinstance(mine, tuple) and isinstance(other, tuple) and len(mine) == len(other):
        if mine and isinstance(mine[0], dict):
            found = []
            for index, (left, right) in enumerate(zip(mine, other, strict=True)):
                found += _differences(f"{path}[{index}]", left, right)
            return found
    if mine != other:
        return [FieldDifference(field=path, expected=repr(mine), got=repr(other))]
    return []
