"""A real xArm under a policy. The cameras are brought up by their own drivers."""

from launch import LaunchDescription
from zr0_bringup.bringups import xarm_graph
from zr0_bringup.ros.launch_actions import declare_arguments, include


def generate_launch_description() -> LaunchDescription:
    """Describe the bring-up."""
    return LaunchDescription(
        [
            *declare_arguments(xarm_graph()),
            include("middleware"),
            include("controller", bringup="xarm"),
            include("policy", bringup="xarm"),
            include("lifecycle_manager", bringup="xarm"),
        ]
    )
