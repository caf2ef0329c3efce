"""The middleware's profile, without which raw images are lost."""

from launch import LaunchDescription
from zr0_bringup.ros.launch_actions import profile_actions


def generate_launch_description() -> LaunchDescription:
    """Describe the environment of all nodes."""
    return LaunchDescription(profile_actions())
