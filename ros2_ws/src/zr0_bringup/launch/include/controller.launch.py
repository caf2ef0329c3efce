"""The arm controller."""

from launch import LaunchDescription
from zr0_bringup.ros.launch_actions import node_of_bringup


def generate_launch_description() -> LaunchDescription:
    """Describe the node."""
    return node_of_bringup("arm_controller")
