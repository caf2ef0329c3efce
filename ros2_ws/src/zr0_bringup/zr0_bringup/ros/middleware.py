"""Which ROS 2 is in use, and whether raw images get through it."""

import os
from importlib import metadata
from pathlib import Path

import rclpy

from zr0_bringup.diagnosis.finding import Finding
from zr0_bringup.ros.image_probe import probe_images

PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
LOSS_LIMIT = 0.1


def check_ros() -> Finding:
    """Say which distribution is used and where it comes from."""
    where = Path(rclpy.__file__).parent
    kind, _, name = os.environ.get("ZR0_ENVIRONMENT", "sourced:unknown").partition(":")
    source = "pinned wheels" if kind == "wheels" else "its own packages, sourced"
    try:
        version = metadata.version("rclpy")
    except metadata.PackageNotFoundError:
        version = "of unknown version"
    return Finding(
        name="ROS 2", is_ok=True, is_required=True, found=f"{name}, from {source}; rclpy {version} in {where}"
    )


def check_middleware() -> list[Finding]:
    """Look at the profile, and send images for a second."""
    profiles = {os.environ[name] for name in PROFILE_VARIABLES if os.environ.get(name)}
    is_set = bool(profiles) and all(Path(profile).exists() for profile in profiles)
    rmw = rclpy.get_rmw_implementation_identifier()
    probe = probe_images()
    return [
        Finding(
            name="Middleware",
            is_ok=is_set and rmw == "rmw_fastrtps_cpp",
            is_required=False,
            found=f"{rmw}, profile {', '.join(sorted(profiles)) or 'not set'}",
            advice=f"unset RMW_IMPLEMENTATION and {' and '.join(PROFILE_VARIABLES)}; the stack brings a profile",
        ),
        Finding(
            name="Raw images between processes",
            is_ok=probe.loss <= LOSS_LIMIT,
            is_required=True,
            found=f"{probe.num_received} of {probe.num_sent} images of 640x480 arrived, "
            f"median {1e3 * probe.median_latency_s:.1f} ms",
            advice="shared memory is too small or the profile is not in effect: see the lines on both",
        ),
    ]
