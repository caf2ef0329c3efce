"""The command that starts a node with its parameters and remappings."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from zr0_core.errors import Zr0Error

from zr0_bringup.graph import PlainValue, ResolvedNode
from zr0_bringup.processes.spec import ProcessSpec

LOG_FORMAT = "{date_time_with_ms} {severity} {name}: {message}"


def find_executable(package: str, executable: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Find a node's executable in the sourced workspaces.

    Raises:
        Zr0Error: None has it.
    """
    prefixes = [entry for entry in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if entry]
    for prefix in prefixes:
        path = Path(prefix, "lib", package, executable)
        if os.access(path, os.X_OK):
            return path
    raise Zr0Error(
        f"no executable {executable} of package {package} in {', '.join(prefixes) or 'an empty AMENT_PREFIX_PATH'}; "
        "build the workspace and source it, or start through ./zr0"
    )


def process_spec(node: ResolvedNode, log_folder: Path) -> ProcessSpec:
    """Return the process of a node.

    Args:
        node: The node.
        log_folder: Where ROS keeps its own log files.

    Raises:
        Zr0Error: Its executable does not exist.
    """
    arguments = ["--ros-args", "-r", f"__node:={node.name}"]
    for name, value in node.parameters.items():
        arguments += ["-p", f"{name}:={yaml_value(value)}"]
    for inside, outside in node.remappings:
        arguments += ["-r", f"{inside}:={outside}"]
    return ProcessSpec(
        name=node.name,
        command=(str(find_executable(node.package, node.executable)), *arguments),
        environment={
            "PYTHONUNBUFFERED": "1",
            "RCUTILS_COLORIZED_OUTPUT": "0",
            "RCUTILS_CONSOLE_OUTPUT_FORMAT": LOG_FORMAT,
            "ROS_LOG_DIR": str(log_folder),
        },
    )


def yaml_value(value: PlainValue) -> str:
    """Write a parameter so that ROS reads back the same type: text stays text even if it looks like a number."""
    return json.dumps(list(value) if isinstance(value, tuple) else value)
