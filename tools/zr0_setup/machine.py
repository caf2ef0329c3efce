"""What the machine itself must have before anything can be installed."""

import os
import platform
import shutil
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

from zr0_setup.errors import SetupError
from zr0_setup.layout import Layout

GIGABYTE = 1_000_000_000
DISK_NEEDED_GB = 5.0
DISK_KEPT_FREE_GB = 0.5


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What."""
    is_ok: bool
    """Whether it is as it should be."""
    is_required: bool
    """Whether the stack cannot run without it."""
    found: str
    """What is there."""
    advice: str
    """What to do if it is not ok; empty if it is."""

    def as_dict(self) -> dict[str, str | bool]:
        """Return plain data, to hand it to another process."""
        return asdict(self)


def _check(name: str, is_ok: bool, found: str, advice: str) -> Check:
    return Check(name=name, is_ok=is_ok, is_required=True, found=found, advice="" if is_ok else advice)


def check_python() -> Check:
    """Check that the interpreter can make virtual environments."""
    missing = [name for name in ("venv", "ensurepip") if not _is_importable(name)]
    version = f"{platform.python_version()} ({sys.executable})"
    return _check(
        "Python",
        not missing,
        version if not missing else f"{version} without {' and '.join(missing)}",
        f"Debian and Ubuntu: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv",
    )


def _is_importable(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def check_headers() -> Check:
    """Check for the C headers of Python, which generated messages are compiled against."""
    header = Path(sysconfig.get_path("include"), "Python.h")
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return _check(
        "Python headers",
        header.exists(),
        str(header) if header.exists() else f"no {header}",
        f"Debian and Ubuntu: sudo apt install python{minor}-dev; Fedora: sudo dnf install python{minor}-devel",
    )


def check_compiler() -> Check:
    """Check for a C++ compiler and make."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
    tools = {"C++ compiler": compiler, "make": shutil.which("make") or shutil.which("ninja")}
    missing = [name for name, path in tools.items() if not path]
    return _check(
        "C++ compiler",
        not missing,
        ", ".join(str(path) for path in tools.values() if path) or "none",
        f"no {' and no '.join(missing)}. Debian and Ubuntu: sudo apt install g++ make; "
        "Fedora: sudo dnf install gcc-c++ make",
    )


def check_platform(is_ros_sourced: bool) -> Check:
    """Check that ROS 2 wheels exist for this machine, unless a distribution is sourced."""
    found = f"{platform.system()} {platform.machine()}"
    return _check(
        "Platform",
        is_ros_sourced or (platform.system(), platform.machine()) == ("Linux", "x86_64"),
        found,
        "the ROS 2 wheels exist for Linux x86_64 only: install ROS 2 Jazzy from its own packages, "
        "source /opt/ros/jazzy/setup.bash, and run this again",
    )


def check_disk(layout: Layout) -> Check:
    """Check for room for the virtual environment, or for runs once that is there."""
    needed = DISK_KEPT_FREE_GB if layout.python.exists() else DISK_NEEDED_GB
    free = shutil.disk_usage(layout.root).free / GIGABYTE
    return _check(
        "Disk",
        free >= needed,
        f"{free:.1f} GB free at {layout.root}",
        f"{needed:.1f} GB are needed: free some space, or move the checkout to a larger disk",
    )


def machine_checks(layout: Layout, is_ros_sourced: bool) -> list[Check]:
    """Run all of them."""
    return [
        check_platform(is_ros_sourced),
        check_python(),
        check_headers(),
        check_compiler(),
        check_disk(layout),
    ]


def require_machine(layout: Layout, is_ros_sourced: bool) -> None:
    """Refuse to start an installation that cannot end well.

    Raises:
        SetupError: Something required is missing; the message lists all of it.
    """
    failed = [check for check in machine_checks(layout, is_ros_sourced) if not check.is_ok]
    if failed:
        lines = "\n".join(f"  {check.name}: {check.found}\n    {check.advice}" for check in failed)
        raise SetupError(f"this machine lacks something that has to be installed by hand:\n{lines}")
