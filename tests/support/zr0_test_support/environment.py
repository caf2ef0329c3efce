"""The variables that every node of a test runs under."""

import os
from pathlib import Path

FASTDDS_PROFILE = Path(__file__).parents[3] / "ros2_ws" / "src" / "zr0_bringup" / "config" / "fastdds.xml"
"""The profile that the project ships. Without it raw images are lost."""


def ros_environment(domain_id: int, folder: Path) -> dict[str, str]:
    """Return the ROS variables of an isolated domain whose logs go into a folder.

    Raises:
        RuntimeError: The workspace is not sourced, or the Fast DDS profile is missing.
    """
    if not any(Path(prefix, "share", "zr0_msgs").is_dir() for prefix in _prefixes()):
        raise RuntimeError(
            "zr0_msgs is not in AMENT_PREFIX_PATH; build the workspace and source ros2_ws/install/setup.bash first"
        )
    if not FASTDDS_PROFILE.is_file():
        raise RuntimeError(f"{FASTDDS_PROFILE} does not exist; nodes lose raw images without it")
    return {
        "ROS_DOMAIN_ID": str(domain_id),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOG_DIR": str(folder / "ros_log"),
        "ROS_HOME": str(folder / "ros_home"),
        "RCUTILS_COLORIZED_OUTPUT": "0",
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(FASTDDS_PROFILE),
        "FASTDDS_DEFAULT_PROFILES_FILE": str(FASTDDS_PROFILE),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }


def _prefixes() -> list[str]:
    return [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
