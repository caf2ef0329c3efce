"""Turn a graph into actions of the ROS 2 launch system. Adds nothing to what the graph says."""

import os
from typing import Any

from ament_index_python.packages import get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from zr0_bringup.arguments import LaunchArgument, Scalar
from zr0_bringup.bringups import bringups
from zr0_bringup.graph import Graph, resolve

PACKAGE = "zr0_bringup"
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def launch_value(value: Scalar) -> str:
    """Write a default as launch files and the command line do."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def declare_arguments(graph: Graph) -> list[Any]:
    """Declare the arguments of a graph, with the defaults and descriptions of the command line."""
    return [_declaration(argument) for argument in graph.arguments]


def _declaration(argument: LaunchArgument) -> Any:
    options: dict[str, Any] = {"description": argument.description}
    if not argument.is_required:
        options["default_value"] = launch_value(argument.default)
    if argument.choices:
        options["choices"] = list(argument.choices)
    return DeclareLaunchArgument(argument.name, **options)


def node_of_bringup(name: str) -> LaunchDescription:
    """Return a launch description of one node of the graph that the argument `bringup` names.

    The end of any node shuts the launch down, as `zr0 up` does.
    """
    graphs = bringups()
    return LaunchDescription(
        [
            DeclareLaunchArgument("bringup", choices=list(graphs), description="which graph the node belongs to"),
            OpaqueFunction(
                function=lambda context: _start(graphs[context.launch_configurations["bringup"]], name, context)
            ),
        ]
    )


def _start(graph: Graph, name: str, context: LaunchContext) -> list[Any]:
    texts = context.launch_configurations
    values = {argument.name: argument.parse(texts[argument.name]) for argument in graph.arguments}
    (resolved,) = [node for node in resolve(graph, values) if node.name == name]
    parameters = {key: list(value) if isinstance(value, tuple) else value for key, value in resolved.parameters.items()}
    node = Node(
        package=resolved.package,
        executable=resolved.executable,
        name=resolved.name,
        output="both",
        parameters=[parameters],
        remappings=list(resolved.remappings),
    )
    shutdown = EmitEvent(event=Shutdown(reason=f"node {name} ended"))
    return [node, RegisterEventHandler(OnProcessExit(target_action=node, on_exit=[shutdown]))]


def profile_actions() -> list[Any]:
    """Set the Fast DDS profile, unless the person has set one."""
    profile = str(get_package_share_path(PACKAGE) / "config" / "fastdds.xml")
    return [SetEnvironmentVariable(name, profile) for name in PROFILE_VARIABLES if not os.environ.get(name)]


def include(name: str, **arguments: str) -> Any:
    """Include a part of a bring-up, from this package's `launch/include`."""
    path = get_package_share_path(PACKAGE) / "launch" / "include" / f"{name}.launch.py"
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(str(path)), launch_arguments=arguments.items())
