"""Find a ROS 2 distribution that is installed from its own packages and sourced."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from zr0_setup.layout import DISTRIBUTIONS
from zr0_setup.progress import say

MARKER = "ZR0_ENVIRONMENT"
WHEELS = "wheels"
SOURCED = "sourced"


@dataclass(frozen=True, kw_only=True)
class SourcedRos:
    """A sourced distribution."""

    distribution: str
    """Its name, from ROS_DISTRO."""
    python: str
    """The interpreter that can import its rclpy."""


def find_sourced_ros(environment: Mapping[str, str] = os.environ) -> SourcedRos | None:
    """Return the sourced distribution, or None when the wheels are to be used.

    A distribution counts when ROS_DISTRO names one that this stack supports and some Python 3.11 or newer
    imports its rclpy. The environment that `./zr0` itself prepares from wheels does not count.
    """
    name = environment.get("ROS_DISTRO", "")
    if not name or environment.get(MARKER, "").startswith(WHEELS):
        return None
    if name not in DISTRIBUTIONS:
        say(f"ROS 2 {name} is sourced but not supported ({', '.join(DISTRIBUTIONS)} are): using the pinned wheels")
        return None
    for python in dict.fromkeys((sys.executable, shutil.which("python3") or "", "/usr/bin/python3")):
        if python and _imports_rclpy(python, environment):
            return SourcedRos(distribution=name, python=python)
    say(f"ROS_DISTRO is {name} but no Python 3.11 or newer here imports its rclpy: using the pinned wheels")
    return None


def _imports_rclpy(python: str, environment: Mapping[str, str]) -> bool:
    code = "import sys; assert sys.version_info >= (3, 11); import rclpy"
    finished = subprocess.run([python, "-c", code], env=dict(environment), capture_output=True, check=False)
    return finished.returncode == 0
