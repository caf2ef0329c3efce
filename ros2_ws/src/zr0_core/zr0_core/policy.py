"""What a policy is, and how one is found by name."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.types import FloatArray, Observation, Overlap

ENTRY_POINT_GROUP = "zr0.policies"


class Policy(Protocol):
    """Turns observations into action chunks for one instruction at a time."""

    @property
    def name(self) -> str:
        """The policy's name, for people."""

    @property
    def is_trained(self) -> bool:
        """Whether its weights were trained; a policy without weights returns True."""

    @property
    def is_guided(self) -> bool:
        """Whether `infer` makes its answer continue an overlap; the others ignore it."""

    def reset(self, instruction: str) -> None:
        """Forget the past and begin an episode on an instruction, in words."""

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:
        """Return actions (H, A), SI units, in the embodiment's action order.

        Row k is the target to be reached at `observation.newest_stamp_ns` + (k + 1) * step period.

        Args:
            observation: What the robot sees.
            overlap: What is left of the previous chunk, for the new one to continue; None for a fresh start.

        Raises:
            Zr0Error: The observation lacks something that this policy needs.
        """


@dataclass(frozen=True, kw_only=True)
class PolicyContext:
    """What a policy is built from."""

    embodiment: Embodiment
    """The robot that is to be controlled."""
    checkpoint: str
    """Name or path of the weights; empty for policies without weights."""
    device: str
    """Torch device, such as `cpu` or `cuda`."""
    seed: int
    """Seed of the sampling noise."""
    checkpoint_facts: str = ""
    """Folder with what the weights' own files leave out, such as the robot; empty where they hold everything."""
    dtype: str = "auto"
    """What a model computes in: `float32`, `bfloat16`, or `auto` for float32 on a CPU and bfloat16 elsewhere."""
    engine: str = "auto"
    """How a model is run; its policy says which ways there are."""
    precision: str = "full"
    """What a model's weights are multiplied in; its policy says which there are."""
    num_samples: int = 1
    """Chunks that are sampled for every observation, to publish the one that the others agree with."""


PolicyFactory = Callable[[PolicyContext], Policy]


def make_policy(name: str, context: PolicyContext) -> Policy:
    """Build a policy registered under the entry point group `zr0.policies`.

    Raises:
        Zr0Error: No policy of that name is installed, or it cannot be built from the context.
    """
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        close = difflib.get_close_matches(name, found, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Zr0Error(f"no policy named {name!r}, available: {', '.join(sorted(found)) or 'none'}{hint}")
    factory: PolicyFactory = found[name].load()
    return factory(context)
