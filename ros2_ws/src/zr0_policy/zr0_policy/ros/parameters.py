"""The policy node's parameters."""

from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node


@dataclass(frozen=True, kw_only=True)
class PolicyParameters:
    """What the policy node is told at its start."""

    policy: str
    """Name of the policy."""
    checkpoint: str
    """Name or path of the weights."""
    embodiment: str
    """Name or path of the embodiment."""
    device: str
    """Torch device."""
    rate: float
    """Inferences per second."""
    seed: int
    """Seed of the sampling noise."""
    privileged_topic: str
    """Topic of ground-truth object poses, or empty."""
    torch_threads: int
    """CPU threads of the model."""
    task: str
    """Instruction to begin with when activated, or empty."""


def declare_parameters(node: Node) -> None:
    """Declare every parameter with description, unit and range; a bad start value is refused with its name."""
    _text(node, "policy", "zr0", "Which policy to run: zr0, hold, scripted, or any other that is installed.")
    _text(node, "checkpoint", "zr0_tiny_xarm7", "Name of a shipped checkpoint or path of a directory; zr0 only.")
    _text(node, "embodiment", "xarm7_gripper", "Name of a shipped embodiment or path of a YAML file.")
    _text(node, "device", "cpu", "Torch device of the model, such as cpu or cuda; zr0 only.")
    _text(node, "privileged_topic", "", "Topic of ground-truth object poses (SimStatus). Simulation only; or empty.")
    _text(node, "task", "", "Instruction to begin with as soon as the node is active; empty waits for a RunTask goal.")
    node.declare_parameter(
        "rate",
        5.0,
        ParameterDescriptor(
            description="Inferences per second (Hz).",
            floating_point_range=[FloatingPointRange(from_value=0.1, to_value=50.0, step=0.0)],
            read_only=True,
        ),
    )
    _integer(node, "seed", 0, "Seed of the sampling noise; every task starts from it.", (0, 2**31 - 1))
    _integer(node, "torch_threads", 1, "CPU threads of the model.", (1, 256))


def read_parameters(node: Node) -> PolicyParameters:
    """Read the declared parameters."""
    values = {name: node.get_parameter(name).value for name in PolicyParameters.__dataclass_fields__}
    return PolicyParameters(**values)


def _text(node: Node, name: str, default: str, description: str) -> None:
    node.declare_parameter(name, default, ParameterDescriptor(description=description, read_only=True))


def _integer(node: Node, name: str, default: int, description: str, limits: tuple[int, int]) -> None:
    allowed = IntegerRange(from_value=limits[0], to_value=limits[1], step=1)
    descriptor = ParameterDescriptor(description=description, integer_range=[allowed], read_only=True)
    node.declare_parameter(name, default, descriptor)
