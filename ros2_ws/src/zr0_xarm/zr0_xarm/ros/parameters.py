"""Parameters of the controller node."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_xarm.control.senders import MotionMode
from zr0_xarm.control.settings import ControllerSettings


@dataclass(frozen=True, kw_only=True)
class ControllerParameters:
    """What the node was started with."""

    robot_ip: str
    """Address of the control box."""
    control_port: int
    """Its port for commands."""
    embodiment: Embodiment
    """The robot."""
    settings: ControllerSettings
    """How to watch and move it."""


def declare_parameters(node: Node) -> ControllerParameters:
    """Declare and read the parameters of the node; they are read-only.

    Raises:
        Zr0Error: A value is out of range; the message names the parameter.
    """
    robot_ip = str(_declare(node, "robot_ip", "127.0.0.1", "IPv4 address of the xArm control box"))
    try:
        ipaddress.IPv4Address(robot_ip)
    except ValueError as error:
        raise Zr0Error(f"parameter robot_ip is {robot_ip!r}, expected an IPv4 address like 192.168.1.185") from error
    control_port = int(
        _declare(node, "control_port", 502, "TCP port for commands; 502 on a real control box", integers=(1, 65535))
    )
    name = str(_declare(node, "embodiment", "xarm7_gripper", "name of the embodiment, or path of its YAML file"))
    modes = ", ".join(MotionMode)
    mode = str(_declare(node, "motion_mode", MotionMode.SERVO_JOINT.value, f"who interpolates: {modes}"))
    if mode not in tuple(MotionMode):
        raise Zr0Error(f"parameter motion_mode is {mode!r}, expected one of {modes}")
    is_dry_run = bool(_declare(node, "dry_run", False, "do everything but send to the arm"))
    defaults = ControllerSettings()
    policy_timeout = _seconds(
        node, "policy_timeout", defaults.policy_timeout, "largest time between status messages of the policy, s"
    )
    report_timeout = _seconds(node, "report_timeout", defaults.report_timeout, "largest age of the arm's report, s")
    tracking_error_limit = float(
        _declare(
            node,
            "tracking_error_limit",
            defaults.tracking_error_limit,
            "largest distance between commanded and measured joint position, rad",
            floats=(0.01, 1.0),
        )
    )
    try:
        embodiment = Embodiment.load(name)
    except Zr0Error as error:
        raise Zr0Error(f"parameter embodiment: {error}") from error
    return ControllerParameters(
        robot_ip=robot_ip,
        control_port=control_port,
        embodiment=embodiment,
        settings=ControllerSettings(
            motion_mode=MotionMode(mode),
            is_dry_run=is_dry_run,
            policy_timeout=policy_timeout,
            report_timeout=report_timeout,
            tracking_error_limit=tracking_error_limit,
        ),
    )


def _seconds(node: Node, name: str, default: float, description: str) -> float:
    return float(_declare(node, name, default, description, floats=(0.02, 2.0)))


def _declare(
    node: Node,
    name: str,
    default: Any,
    description: str,
    *,
    floats: tuple[float, float] | None = None,
    integers: tuple[int, int] | None = None,
) -> Any:
    descriptor = ParameterDescriptor(description=description, read_only=True)
    if floats:
        descriptor.floating_point_range = [FloatingPointRange(from_value=floats[0], to_value=floats[1])]
    if integers:
        descriptor.integer_range = [IntegerRange(from_value=integers[0], to_value=integers[1])]
    try:
        return node.declare_parameter(name, default, descriptor).value
    except Exception as error:  # the classes of rclpy's refusals share no base
        raise Zr0Error(f"parameter {name}: {error}; {description}") from error
