"""The virtual environment: made, filled from pinned requirements, and mended after an interruption."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from zr0_setup.environment import tool_environment
from zr0_setup.layout import Layout
from zr0_setup.progress import run_step, say
from zr0_setup.ros import SourcedRos
from zr0_setup.stamps import hash_contents, read_stamp, write_stamp

GROUPS = ("ros", "runtime", "development")
BASE_STAMP = "zr0-venv.json"
PIP_ADVICE = (
    "If a package could not be downloaded, check the network and that pip's index (pip config list) has it; "
    "if the disk is full, free some. Then run this again: it goes on where it stopped."
)
VENV_ADVICE = "Debian and Ubuntu: sudo apt install python3-venv. Then run this again."


class VirtualEnvironment:
    """The environment of one layout."""

    def __init__(self, layout: Layout, sourced: SourcedRos | None) -> None:
        self._layout = layout
        self._sourced = sourced

    def missing_groups(self, groups: Sequence[str]) -> list[str]:
        """Tell which groups of requirements are not installed as pinned."""
        if not self._is_made():
            return list(groups)
        return [group for group in groups if read_stamp(self._stamp(group)).get("hash") != self._hash(group)]

    def install(self, groups: Sequence[str]) -> None:
        """Make the environment if it is absent, and install groups of requirements.

        Raises:
            SetupError: A tool failed; what is whole until then is kept.
        """
        if not self._is_made():
            self._make()
        for group in groups:
            self._install_group(group)

    def _make(self) -> None:
        options = ["--system-site-packages"] if self._sourced else []
        if self._layout.venv.exists() and not self._is_usable():
            say(f"{self._layout.venv.name} was made for another ROS 2 or its Python is gone: making it anew")
            options.append("--clear")
        python = self._sourced.python if self._sourced else getattr(sys, "_base_executable", sys.executable)
        run_step(
            f"virtual environment {self._layout.venv.name} (Python {sys.version_info[0]}.{sys.version_info[1]})",
            [python, "-m", "venv", *options, str(self._layout.venv)],
            log=self._layout.state / "venv.log",
            environment=tool_environment(self._layout, self._sourced),
            folder=self._layout.root,
            advice=VENV_ADVICE,
        )
        write_stamp(self._layout.venv / BASE_STAMP, self._base())

    def _install_group(self, group: str) -> None:
        stamp = self._stamp(group)
        begun = stamp.with_suffix(".begun")
        if begun.exists():
            remove_partial_packages(self._layout.venv)
        stamp.unlink(missing_ok=True)
        begun.touch()
        run_step(
            f"installing {group} packages",
            self._pip("install", *self._requirement_options(group)),
            log=self._layout.state / f"install-{group}.log",
            environment=tool_environment(self._layout, self._sourced),
            folder=self._layout.root,
            advice=PIP_ADVICE,
        )
        if group == "ros" and not self._sourced:
            run_step(
                "preparing the ROS 2 wheels for CMake",
                [str(self._layout.python), str(self._layout.root / "tools" / "fix_ros_wheels.py")],
                log=self._layout.state / "fix_ros_wheels.log",
                environment=tool_environment(self._layout, self._sourced),
                folder=self._layout.root,
                advice=f"Remove {self._layout.venv} and run this again.",
            )
        write_stamp(stamp, {"hash": self._hash(group)})
        begun.unlink()

    def _requirement_options(self, group: str) -> list[str]:
        path = self._layout.requirements(group)
        if group != "ros":
            return ["-r", str(path)]
        if not self._sourced:
            return ["--no-deps", "-r", str(path)]
        lines = [line for line in path.read_text().splitlines() if not line.startswith("ros-")]
        filtered = self._layout.state / "ros-without-wheels.txt"
        filtered.write_text("\n".join(lines) + "\n")
        return ["--no-deps", "-r", str(filtered)]

    def _pip(self, *arguments: str) -> list[str]:
        return [str(self._layout.python), "-m", "pip", "--disable-pip-version-check", *arguments]

    def _is_made(self) -> bool:
        return bool(read_stamp(self._layout.venv / BASE_STAMP)) and self._is_usable()

    def _is_usable(self) -> bool:
        """Whether what is there can be kept; without a stamp it was cut off while being made, and is completed."""
        made_for = read_stamp(self._layout.venv / BASE_STAMP).get("ros", self._base()["ros"])
        return self._layout.python.exists() and made_for == self._base()["ros"]

    def _base(self) -> dict[str, str]:
        return {"ros": self._sourced.distribution if self._sourced else "wheels"}

    def _stamp(self, group: str) -> Path:
        return self._layout.venv / f"zr0-{group}.json"

    def _hash(self, group: str) -> str:
        tools = [self._layout.root / "tools" / "fix_ros_wheels.py"] if group == "ros" else []
        return hash_contents([self._layout.requirements(group), *tools])


def remove_partial_packages(venv: Path) -> None:
    """Remove the records of packages whose installation was cut off, so that pip installs them again.

    pip writes INSTALLER after all files of a package; without it the package may be incomplete, yet would
    count as installed.
    """
    for record in venv.glob("lib/python*/site-packages/*.dist-info"):
        if not record.joinpath("INSTALLER").exists():
            say(f"{record.name} is incomplete: it is installed again")
            shutil.rmtree(record)
