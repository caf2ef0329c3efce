"""The environment of everything that `./zr0` starts."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from zr0_setup.errors import SetupError
from zr0_setup.layout import VARIABLE, Layout
from zr0_setup.ros import MARKER, SOURCED, WHEELS, SourcedRos
from zr0_setup.stamps import read_stamp, write_stamp

PATH_LISTS = (
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "LD_LIBRARY_PATH",
    "PATH",
    "PKG_CONFIG_PATH",
    "PYTHONPATH",
)
PREFIX_LISTS = ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "COLCON_PREFIX_PATH")
# Jazzy knows the first name only; Kilted knows both and complains about the first.
PROFILE_VARIABLES = {
    "jazzy": ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"),
    "kilted": ("FASTDDS_DEFAULT_PROFILES_FILE",),
}
WHEELS_GUARD = "_ROS_WHEELS_BOOTSTRAP_COMPLETE"
ENVIRONMENT_FILE = "zr0-environment.json"
CLEAN_PATH = "/usr/local/bin:/usr/bin:/bin"


def tool_environment(layout: Layout, sourced: SourcedRos | None) -> dict[str, str]:
    """Return the environment of pip, CMake and colcon: the virtual environment, without the workspace.

    With wheels, all traces of other ROS installations are taken out: their libraries do not mix.
    """
    environment = dict(os.environ) if sourced else without_ros(os.environ)
    environment.pop("PYTHONHOME", None)
    environment["VIRTUAL_ENV"] = str(layout.venv)
    environment["PATH"] = joined([str(layout.venv / "bin")], environment.get("PATH", CLEAN_PATH))
    if not sourced:
        environment["AMENT_PREFIX_PATH"] = environment["CMAKE_PREFIX_PATH"] = str(layout.venv)
    return environment


def without_ros(environment: Mapping[str, str]) -> dict[str, str]:
    """Take another ROS installation out of an environment."""
    prefixes = {entry for name in PREFIX_LISTS for entry in environment.get(name, "").split(os.pathsep) if entry}
    if WHEELS_GUARD in environment:
        prefixes.add(sys.prefix)
    kept = {name: value for name, value in environment.items() if name not in {*PREFIX_LISTS, WHEELS_GUARD}}
    for name in ("LD_LIBRARY_PATH", "PYTHONPATH"):
        entries = [entry for entry in kept.pop(name, "").split(os.pathsep) if entry and not _lies_in(entry, prefixes)]
        if entries:
            kept[name] = os.pathsep.join(entries)
    return kept


def _lies_in(entry: str, prefixes: Iterable[str]) -> bool:
    return any(Path(entry).is_relative_to(prefix) for prefix in prefixes)


def joined(first: Iterable[str], rest: str) -> str:
    """Join path entries, the new ones first, each once."""
    return os.pathsep.join(dict.fromkeys(entry for entry in (*first, *rest.split(os.pathsep)) if entry))


def save_workspace_environment(layout: Layout, sourced: SourcedRos | None) -> None:
    """Read what sourcing the built workspace sets, and keep it: a start then needs no shell.

    Raises:
        SetupError: The workspace cannot be sourced.
    """
    clean = {"PATH": CLEAN_PATH, "HOME": os.environ.get("HOME", "/")}
    if not sourced:
        clean |= {"AMENT_PREFIX_PATH": str(layout.venv)}
    finished = subprocess.run(
        ["bash", "-c", 'set -e; . "$1" >&2; env -0', "bash", str(layout.install / "setup.bash")],
        env=clean,
        capture_output=True,
        check=False,
    )
    if finished.returncode != 0:
        raise SetupError(
            f"{layout.install / 'setup.bash'} cannot be sourced: {finished.stderr.decode(errors='replace').strip()}; "
            f"remove {layout.install} and run this again"
        )
    pairs = [item.partition("=") for item in finished.stdout.decode().split("\0") if item]
    found = {name: value for name, _, value in pairs if value != clean.get(name)}
    ignored = {"PWD", "SHLVL", "_", "OLDPWD"}
    write_stamp(layout.install / ENVIRONMENT_FILE, {name: found[name] for name in sorted(found) if name not in ignored})


def runtime_environment(layout: Layout, sourced: SourcedRos | None) -> dict[str, str]:
    """Return the environment of the stack: virtual environment, workspace, middleware profile.

    What a person has set by hand (a profile, a discovery range) is left as it is.
    """
    environment = tool_environment(layout, sourced)
    for name, value in read_stamp(layout.install / ENVIRONMENT_FILE).items():
        if name in PATH_LISTS:
            entries = [entry for entry in value.split(os.pathsep) if entry not in CLEAN_PATH.split(os.pathsep)]
            environment[name] = joined(entries, environment.get(name, ""))
        else:
            environment[name] = value
    environment["PATH"] = joined([str(layout.venv / "bin")], environment["PATH"])
    for name in PROFILE_VARIABLES[layout.distribution]:
        environment.setdefault(name, str(layout.profile))
    environment.setdefault("RCUTILS_COLORIZED_OUTPUT", "1" if sys.stdout.isatty() else "0")
    environment[VARIABLE] = layout.distribution
    environment[MARKER] = f"{SOURCED if sourced else WHEELS}:{layout.distribution}"
    environment["ZR0_ROOT"] = str(layout.root)
    return environment
