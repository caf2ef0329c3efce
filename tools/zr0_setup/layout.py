"""Where the set-up of each ROS 2 distribution lies."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zr0_setup.errors import SetupError

DISTRIBUTIONS = ("jazzy", "kilted")
VARIABLE = "ZR0_ROS_DISTRO"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Folders of one checkout for one distribution. Distributions share nothing that is built or installed."""

    root: Path
    """The checkout."""
    distribution: str
    """jazzy or kilted."""

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise SetupError(
                f"ROS 2 distribution {self.distribution!r} is not supported, available: {', '.join(DISTRIBUTIONS)}; "
                f"choose with --ros or {VARIABLE}"
            )

    @property
    def _suffix(self) -> str:
        return "" if self.distribution == DISTRIBUTIONS[0] else f"-{self.distribution}"

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / f".venv{self._suffix}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def workspace(self) -> Path:
        """The colcon workspace."""
        return self.root / "ros2_ws"

    @property
    def build(self) -> Path:
        """Colcon's build base."""
        return self.workspace / f"build{self._suffix}"

    @property
    def install(self) -> Path:
        """Colcon's install base."""
        return self.workspace / f"install{self._suffix}"

    @property
    def log(self) -> Path:
        """Colcon's log base."""
        return self.workspace / f"log{self._suffix}"

    @property
    def state(self) -> Path:
        """Lock and logs of the set-up."""
        return self.root / ".zr0" / self.distribution

    @property
    def profile(self) -> Path:
        """The Fast DDS profile, which needs no build to be found."""
        return self.workspace / "src" / "zr0_bringup" / "config" / "fastdds.xml"

    def requirements(self, group: str) -> Path:
        """The pinned requirements of `ros`, `runtime` or `development`."""
        name = f"ros-{self.distribution}" if group == "ros" else group
        return self.root / "requirements" / f"{name}.txt"


def chosen_distribution(option: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Decide which distribution to use: the option, the variable, a sourced distribution, Jazzy."""
    if option:
        return option
    if environment.get(VARIABLE):
        return environment[VARIABLE]
    sourced = environment.get("ROS_DISTRO", "")
    return sourced if sourced in DISTRIBUTIONS else DISTRIBUTIONS[0]
