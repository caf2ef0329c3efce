"""What a policy node and its inference process say to each other, over a pipe that only they have."""

from dataclasses import dataclass
from typing import Any

from zr0_core.policy import PolicyContext
from zr0_core.types import Observation


@dataclass(frozen=True, kw_only=True)
class Load:
    """Build a policy; the first request. Answered by a `Description`."""

    policy: str
    """Its name under the entry point group `zr0.policies`."""
    context: PolicyContext
    """What it is built from."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a policy says of itself."""

    name: str
    """Its name."""
    is_trained: bool
    """Whether its weights were trained."""


@dataclass(frozen=True, kw_only=True)
class Reset:
    """Begin an episode."""

    instruction: str
    """What to do, in words."""


@dataclass(frozen=True, kw_only=True)
class Infer:
    """Compute a chunk; answered by the actions (H, A)."""

    observation: Observation
    """What the robot sees."""


Request = Load | Reset | Infer


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to one request."""

    value: Any = None
    """What was asked for."""
    error: str = ""
    """Why there is none, in words for a person; empty when there is."""
