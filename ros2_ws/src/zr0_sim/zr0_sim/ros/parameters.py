"""The simulator node's parameters."""

from dataclasses import dataclass

from rcl_interfaces.msg import IntegerRange, ParameterDescriptor
from rclpy.node import Node
from zr0_core.errors import Zr0Error

from zr0_sim.tasks.registry import TASKS
from zr0_sim.world.renderer import Backend

RENDERERS = ("auto", *(backend.value for backend in Backend))


@dataclass(frozen=True, kw_only=True)
class SimParameters:
    """What the simulator node is told at its start."""

    embodiment: str
    """Name or path of the robot."""
    task: str
    """Task to begin with."""
    seed: int
    """Set-up of the task to begin with."""
    box_host: str
    """Address of the control box."""
    control_port: int
    """Port of the control box's commands."""
    renderer: str
    """What draws the camera images."""

    def __post_init__(self) -> None:
        if self.renderer not in RENDERERS:
            raise Zr0Error(f"parameter renderer is {self.renderer!r}, expected one of {', '.join(RENDERERS)}")
        if self.task not in TASKS:
            raise Zr0Error(f"parameter task is {self.task!r}, expected one of {', '.join(sorted(TASKS))}")
        if not self.box_host:
            raise Zr0Error("parameter box_host is empty, expected an address of this machine such as 127.0.0.1")


def declare_parameters(node: Node) -> SimParameters:
    """Declare every parameter with description, unit and range, and read them.

    Raises:
        Zr0Error: A value is none of those allowed; the message names the parameter.
    """
    _text(node, "embodiment", "xarm7_gripper", "Name of a shipped embodiment or path of a YAML file.")
    _text(node, "task", "pick_place", f"What stands on the table and is to be done: {', '.join(sorted(TASKS))}.")
    _integer(node, "seed", 0, "Set-up of the task: the same seed puts the same objects at the same places.", 2**31 - 1)
    _text(node, "box_host", "127.0.0.1", "Local address that the simulated control box listens on.")
    _integer(node, "control_port", 50200, "TCP port of the box's commands; a real box uses 502.", 65535)
    _text(node, "renderer", "auto", f"What draws the camera images: {', '.join(RENDERERS)}.")
    return SimParameters(**{name: node.get_parameter(name).value for name in SimParameters.__dataclass_fields__})


def _text(node: Node, name: str, default: str, description: str) -> None:
    node.declare_parameter(name, default, ParameterDescriptor(description=description, read_only=True))


def _integer(node: Node, name: str, default: int, description: str, highest: int) -> None:
    allowed = IntegerRange(from_value=0, to_value=highest, step=1)
    node.declare_parameter(
        name, default, ParameterDescriptor(description=description, integer_range=[allowed], read_only=True)
    )
