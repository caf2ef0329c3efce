"""Tests of zr0_setup.layout."""

from pathlib import Path

import pytest
from zr0_setup.errors import SetupError
from zr0_setup.layout import Layout, chosen_distribution


def test_distributions_share_no_folder() -> None:
    first, second = (Layout(root=Path("/r"), distribution=name) for name in ("jazzy", "kilted"))
    for name in ("venv", "python", "build", "install", "log", "state"):
        assert getattr(first, name) != getattr(second, name)
    assert first.requirements("ros").name == "ros-jazzy.txt"
    assert second.requirements("ros").name == "ros-kilted.txt"
    assert first.requirements("runtime") == second.requirements("runtime")


def test_an_unknown_distribution_is_refused() -> None:
    with pytest.raises(SetupError, match="'foxy' is not supported, available: jazzy, kilted"):
        Layout(root=Path("/r"), distribution="foxy")


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        ("kilted", {"ZR0_ROS_DISTRO": "jazzy", "ROS_DISTRO": "jazzy"}, "kilted"),
        (None, {"ZR0_ROS_DISTRO": "kilted", "ROS_DISTRO": "jazzy"}, "kilted"),
        (None, {"ROS_DISTRO": "kilted"}, "kilted"),
        (None, {"ROS_DISTRO": "humble"}, "jazzy"),
        (None, {}, "jazzy"),
    ],
)
def test_the_option_comes_before_the_variable_before_the_sourced_one(
    option: str | None, environment: dict[str, str], expected: str
) -> None:
    assert chosen_distribution(option, environment) == expected


def test_the_locks_hold_exact_pins_of_one_distribution_each() -> None:
    folder = Path(__file__).parents[2] / "requirements"
    pins = {}
    for path in sorted(folder.glob("*.txt")):
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert all(line.count("==") == 1 and " " not in line for line in lines), path
        pins[path.stem] = dict(line.split("==") for line in lines)
        assert len(pins[path.stem]) == len(lines), f"{path} names a package twice"
    assert "ros-jazzy-rclpy" in pins["ros-jazzy"]
    assert "ros-jazzy-rclpy" not in pins["ros-kilted"]
    for name in ("ros-jazzy", "ros-kilted"):
        shared = pins[name].keys() & pins["runtime"].keys()
        assert {key: pins[name][key] for key in shared} == {key: pins["runtime"][key] for key in shared}
