"""The embodiment: a robot as every part of the stack knows it."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml

from zr0_core.embodiment.arm import Arm
from zr0_core.embodiment.camera import Camera
from zr0_core.embodiment.comparison import FieldDifference, differences
from zr0_core.embodiment.features import POSE_NAMES, ActionSpace, ActionVector, StateVector
from zr0_core.embodiment.gripper import Gripper
from zr0_core.embodiment.shipped import shipped_text
from zr0_core.embodiment.validation import check_known, check_positive, check_text, check_unique
from zr0_core.errors import EmbodimentError
from zr0_core.kinematics import SerialChain
from zr0_core.schema import build
from zr0_core.types import FloatArray


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
        check_text("name", self.name)
        check_positive("version", self.version)
        check_positive("control_rate", self.control_rate)
        if not self.cameras:
            raise ValueError("cameras is empty: a policy needs at least one")
        for field in ("key", "name", "topic"):
            check_unique(f"cameras.{field}", [getattr(camera, field) for camera in self.cameras])
        self._check_names()

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
        if path.suffix not in (".yaml", ".yml"):
            return cls.from_text(shipped_text(name_or_path), name_or_path)
        if not path.is_file():
            raise EmbodimentError(f"embodiment file {path} does not exist")
        return cls.from_text(path.read_text(encoding="utf-8"), str(path))

    def to_text(self) -> str:
        """Write the embodiment as YAML that `from_text` reads back to an equal one."""
        data = json.loads(json.dumps(dataclasses.asdict(self)))
        return str(yaml.safe_dump(data, sort_keys=False))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the embodiment's content, whatever its formatting or comments."""
        canonical = json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def compare(self, other: "Embodiment") -> tuple[FieldDifference, ...]:
        """List every field in which `other` differs from this embodiment; empty when they are the same."""
        return differences(dataclasses.asdict(self), dataclasses.asdict(other))

    @property
    def chain(self) -> SerialChain:
        """Kinematics from the base to the tool centre point."""
        return self.arm.chain

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

    def _check_names(self) -> None:
        known = (*self.measured_names, *POSE_NAMES)
        check_unique("joint, gripper and pose component names", known)
        for name in self.state.names:
            check_known("state.names", name, known)
        is_joint_space = self.action.space is ActionSpace.JOINT_POSITION
        expected = self.measured_names if is_joint_space else (*POSE_NAMES, self.gripper.joint)
        if self.action.names != expected:
            raise ValueError(
                f"action.names for {self.action.space.value} must be {', '.join(expected)}; "
                f"got {', '.join(self.action.names)}"
            )
