"""Bring a checkout from whatever state it is in to ready."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from zr0_setup.layout import Layout
from zr0_setup.lock import setup_lock
from zr0_setup.machine import require_machine
from zr0_setup.progress import say
from zr0_setup.ros import SourcedRos, find_sourced_ros
from zr0_setup.venv import VirtualEnvironment
from zr0_setup.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The set-up of one layout."""

    layout: Layout
    """Where it lies."""
    sourced: SourcedRos | None
    """The ROS 2 distribution that it builds on; None for the wheels."""

    def is_ready(self, groups: Sequence[str]) -> bool:
        """Whether nothing is left to do for these groups of requirements."""
        environment = VirtualEnvironment(self.layout, self.sourced)
        return not environment.missing_groups(groups) and Workspace(self.layout, self.sourced).is_built()

    def ensure(self, groups: Sequence[str]) -> None:
        """Do what is left to do.

        Raises:
            SetupError: Something is missing that a person has to install, or a tool failed.
        """
        if self.is_ready(groups):
            return
        require_machine(self.layout, self.sourced is not None)
        start = time.monotonic()
        with setup_lock(self.layout.state / "lock"):
            environment = VirtualEnvironment(self.layout, self.sourced)
            missing = environment.missing_groups(groups)
            if missing:
                source = f"sourced, {self.sourced.python}" if self.sourced else "pinned wheels"
                say(f"setting up once for ROS 2 {self.layout.distribution} ({source}): {', '.join(missing)}")
                environment.install(missing)
            workspace = Workspace(self.layout, self.sourced)
            if not workspace.is_built():
                workspace.build()
        say(f"ready after {time.monotonic() - start:.0f} s; the next start needs none of this")


def find_setup(layout: Layout) -> Setup:
    """Decide what the layout builds on: a sourced distribution of that name, or the wheels."""
    sourced = find_sourced_ros()
    if sourced is not None and sourced.distribution != layout.distribution:
        say(f"ROS 2 {sourced.distribution} is sourced, {layout.distribution} was asked for: using the pinned wheels")
        sourced = None
    return Setup(layout=layout, sourced=sourced)
