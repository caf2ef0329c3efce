"""A simulated xArm, table and cameras under a policy."""

from launch import LaunchDescription
from zr0_bringup.bringups import sim_graph
from zr0_bringup.ros.launch_actions import declare_arguments, include


def generate_launch_description() -> LaunchDescription:
    """Describe the bring-up."""
    return LaunchDescription(
        [
            *declare_arguments(sim_graph()),
            include("middleware"),
            include("simulator", bringup="sim"),
            include("controller", bringup="sim"),
            include("policy", bringup="sim"),
            include("lifecycle_manager", bringup="sim"),
        ]
    )
