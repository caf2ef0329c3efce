"""What a policy node and its inference process say to each other, over a pipe that only they have."""

from dataclasses import dataclass
from typing import Any

from zr0_core.policy import PolicyContext
from zr0_core.types import Observation, Overlap


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
    is_guided: bool
    """Whether its answers continue an overlap."""


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
    overlap: Overlap | None
    """What is left of the previous chunk, to be continued; None for a fresh start."""


Request = Load | Reset | Infer


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to one request."""

    value: Any = None
    """What was asked for."""
    error: str = ""
    """Why there is none, in words for a person; empty when there is."""
