"""Tests of zr0_setup.ros: which ROS 2 counts as sourced."""

import os

from zr0_setup.ros import find_sourced_ros


def test_nothing_is_sourced_without_its_variable() -> None:
    assert find_sourced_ros({"PATH": os.environ["PATH"]}) is None


def test_an_unsupported_distribution_does_not_count() -> None:
    assert find_sourced_ros({"PATH": os.environ["PATH"], "ROS_DISTRO": "humble"}) is None


def test_our_own_environment_of_wheels_does_not_count() -> None:
    assert find_sourced_ros({"ROS_DISTRO": "jazzy", "ZR0_ENVIRONMENT": "wheels:jazzy", **os.environ}) is None


def test_a_python_that_imports_rclpy_counts() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ZR0_ENVIRONMENT"}
    found = find_sourced_ros({**environment, "ROS_DISTRO": "jazzy"})
    assert found is not None
    assert found.distribution == "jazzy"
