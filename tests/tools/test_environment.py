"""Tests of zr0_setup.environment."""

import os
import subprocess
from pathlib import Path

import pytest
from zr0_setup.entry import shell_exports
from zr0_setup.environment import ENVIRONMENT_FILE, joined, runtime_environment, without_ros
from zr0_setup.layout import Layout
from zr0_setup.stamps import write_stamp


def test_traces_of_another_installation_are_taken_out() -> None:
    kept = without_ros(
        {
            "AMENT_PREFIX_PATH": "/opt/ros/humble",
            "CMAKE_PREFIX_PATH": "/opt/ros/humble",
            "PYTHONPATH": "/opt/ros/humble/lib/python3.10/site-packages:/home/me/lib",
            "LD_LIBRARY_PATH": "/opt/ros/humble/lib",
            "HOME": "/home/me",
        }
    )
    assert kept == {"PYTHONPATH": "/home/me/lib", "HOME": "/home/me"}


def test_new_entries_come_first_and_each_once() -> None:
    assert joined(["/a", "/b"], "/b:/c::/a") == "/a:/b:/c"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE", "AMENT_PREFIX_PATH", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    layout = Layout(root=tmp_path, distribution="kilted")
    saved = {"AMENT_PREFIX_PATH": "/ws/a:/ws/b", "PYTHONPATH": "/ws/p", "PATH": "/ws/bin:/usr/bin"}
    write_stamp(layout.install / ENVIRONMENT_FILE, saved)
    return layout


def test_the_workspace_comes_before_the_virtual_environment(layout: Layout) -> None:
    environment = runtime_environment(layout, None)
    assert environment["AMENT_PREFIX_PATH"] == f"/ws/a:/ws/b:{layout.venv}"
    assert environment["PYTHONPATH"] == "/ws/p"
    assert environment["PATH"].startswith(f"{layout.venv}/bin:/ws/bin:")
    assert environment["ZR0_ENVIRONMENT"] == "wheels:kilted"


@pytest.mark.parametrize(("distribution", "is_set"), [("jazzy", True), ("kilted", False)])
def test_the_profile_is_set_under_the_names_that_the_distribution_knows(
    tmp_path: Path, layout: Layout, distribution: str, is_set: bool
) -> None:
    environment = runtime_environment(Layout(root=tmp_path, distribution=distribution), None)
    assert environment["FASTDDS_DEFAULT_PROFILES_FILE"] == str(layout.profile)
    assert (environment.get("FASTRTPS_DEFAULT_PROFILES_FILE") == str(layout.profile)) is is_set


def test_a_profile_of_the_person_stays(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "/mine.xml")
    assert runtime_environment(layout, None)["FASTDDS_DEFAULT_PROFILES_FILE"] == "/mine.xml"


def test_a_shell_gets_the_environment_back() -> None:
    wanted = {"PATH": os.environ["PATH"], "WORDS": "it's $HOME; `x`"}
    script = shell_exports(wanted, {"PATH": os.environ["PATH"], "OLD": "1"}) + 'printf "%s|%s" "$WORDS" "${OLD-none}"'
    finished = subprocess.run(["bash", "-c", script], env={"OLD": "1"}, capture_output=True, text=True, check=True)
    assert finished.stdout == "it's $HOME; `x`|none"
