"""A policy that keeps the robot where it is: to judge the loop without a model."""

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext
from zr0_core.types import FloatArray, Observation, Overlap


class HoldPolicy:
    """Repeats the first state that it sees in an episode.

    Raises:
        Zr0Error: The embodiment's state vector lacks a component of its action vector.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        missing = [name for name in embodiment.action.names if name not in embodiment.state.names]
        if missing:
            raise Zr0Error(
                f"the hold policy repeats the state, but state.names of embodiment {embodiment.name} lacks "
                f"{', '.join(missing)} of action.names"
            )
        self._horizon = embodiment.action.horizon
        self._columns = [embodiment.state.names.index(name) for name in embodiment.action.names]
        self._held: FloatArray | None = None

    @property
    def name(self) -> str:
        """The policy's name."""
        return "hold"

    @property
    def is_trained(self) -> bool:
        """True: there are no weights."""
        return True

    @property
    def is_guided(self) -> bool:
        """False: holding continues nothing."""
        return False

    def reset(self, instruction: str) -> None:  # noqa: ARG002 - holding needs no words
        """Forget the held state."""
        self._held = None

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:  # noqa: ARG002
        """Return the held state as every row of a chunk, (H, A)."""
        if self._held is None:
            self._held = observation.state[self._columns]
        return np.tile(self._held, (self._horizon, 1))


def make_hold(context: PolicyContext) -> HoldPolicy:
    """Build the hold policy."""
    return HoldPolicy(context.embodiment)
