"""How soon an arm must stand, on a machine that others use too."""

import pytest

HELD_WITHIN = 0.1
"""s; the goal."""
NEVER_BEYOND = 0.25
"""s; whatever else the machine does."""


class HeldLateError(AssertionError):
    """The arm stood later than the goal, though within what is never exceeded."""


within_the_goal = pytest.mark.flaky(reruns=2, only_rerun=["HeldLateError"])
"""Tries again, twice at most and counted in the output, when the arm stood late: a virtual machine that is stopped for
some milliseconds cannot be told from a slow stack. Any other failure is final."""


def assert_held(took: float, goal: float = HELD_WITHIN) -> None:
    """Check the seconds from an event to standstill.

    Raises:
        AssertionError: Beyond what is never exceeded.
        HeldLateError: Beyond the goal.
    """
    assert took <= NEVER_BEYOND, f"the arm stood after {took * 1e3:.0f} ms"
    if took > goal:
        raise HeldLateError(f"the arm stood after {took * 1e3:.0f} ms, expected {goal * 1e3:.0f}")
