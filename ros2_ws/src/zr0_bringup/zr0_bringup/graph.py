"""Which nodes run, with which parameters and remappings. Declared once, as plain data.

The launch files turn this into launch_ros actions; `zr0 up` and `zr0 sim` start the same as processes. Standard
library only, so that the command line can be understood before anything is installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from zr0_bringup.arguments import LaunchArgument, Scalar, check_values


@dataclass(frozen=True)
class Argument:
    """The value of a launch argument."""

    name: str


@dataclass(frozen=True, kw_only=True)
class WhenArgument:
    """One value if a launch argument has a certain value, another if not."""

    name: str
    """The argument."""
    equals: str
    """Its value to compare with."""
    then: str
    """The value if they are equal."""
    otherwise: str
    """The value if not."""


Value = Scalar | tuple[str, ...] | Argument | WhenArgument
PlainValue = Scalar | tuple[str, ...]


class NodeKind(StrEnum):
    """How a node is brought to work."""

    PLAIN = "plain"
    LIFECYCLE = "lifecycle"


@dataclass(frozen=True, kw_only=True)
class NodeSpec:
    """One node."""

    name: str
    """Node name."""
    package: str
    """Its package."""
    executable: str
    """Its executable in that package."""
    kind: NodeKind
    """Lifecycle nodes are configured and activated by the lifecycle manager."""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """Parameters that differ from the node's own defaults, or come from arguments."""
    remappings: tuple[tuple[str, Value], ...] = ()
    """Topic names in the node and outside."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All nodes of one bring-up."""

    name: str
    """sim or xarm."""
    description: str
    """What it brings up."""
    arguments: tuple[LaunchArgument, ...]
    """What can be chosen."""
    nodes: tuple[NodeSpec, ...]
    """In the order of starting."""
    stop_order: tuple[str, ...]
    """Node names in the order of stopping: the controller first, which holds the arm."""

    def __post_init__(self) -> None:
        names = [node.name for node in self.nodes]
        if sorted(self.stop_order) != sorted(names):
            raise ValueError(f"graph {self.name}: stop_order {self.stop_order} must name each of {names} once")
        known = {argument.name for argument in self.arguments}
        for node in self.nodes:
            for value in (*node.parameters.values(), *(outside for _, outside in node.remappings)):
                if isinstance(value, Argument | WhenArgument) and value.name not in known:
                    raise ValueError(f"graph {self.name}: node {node.name} uses an unknown argument {value.name}")

    @property
    def argument_by_name(self) -> dict[str, LaunchArgument]:
        """The arguments by their names."""
        return {argument.name: argument for argument in self.arguments}


@dataclass(frozen=True, kw_only=True)
class ResolvedNode:
    """A node with all values known."""

    name: str
    """Node name."""
    package: str
    """Its package."""
    executable: str
    """Its executable in that package."""
    parameters: Mapping[str, PlainValue]
    """Parameter values."""
    remappings: tuple[tuple[str, str], ...]
    """Topic names in the node and outside; only those that differ."""


def resolve(graph: Graph, values: Mapping[str, Scalar]) -> tuple[ResolvedNode, ...]:
    """Put argument values into a graph.

    Raises:
        ValueError: A value is unknown, of another type, or a required one is absent.
    """
    checked = check_values(graph.argument_by_name, values)
    nodes = []
    for node in graph.nodes:
        remappings = [(inside, str(plain_value(outside, checked))) for inside, outside in node.remappings]
        nodes.append(
            ResolvedNode(
                name=node.name,
                package=node.package,
                executable=node.executable,
                parameters={name: plain_value(value, checked) for name, value in node.parameters.items()},
                remappings=tuple(pair for pair in remappings if pair[0] != pair[1]),
            )
        )
    return tuple(nodes)


def plain_value(value: Value, values: Mapping[str, Scalar]) -> PlainValue:
    """Put argument values into one value."""
    if isinstance(value, Argument):
        return values[value.name]
    if isinstance(value, WhenArgument):
        return value.then if values[value.name] == value.equals else value.otherwise
    return value
