"""Tests of zr0_setup.venv and zr0_setup.prepare: what is missing, and what an interruption leaves."""

from pathlib import Path

import pytest
from zr0_setup.layout import Layout
from zr0_setup.stamps import write_stamp
from zr0_setup.venv import BASE_STAMP, VirtualEnvironment, remove_partial_packages


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(root=tmp_path, distribution="jazzy")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "fix_ros_wheels.py").write_text("fix = 1")
    for group in ("ros", "runtime", "development"):
        layout.requirements(group).write_text(f"{group}==1\n")
    return layout


def _make(layout: Layout, *installed: str) -> VirtualEnvironment:
    layout.python.parent.mkdir(parents=True)
    layout.python.write_text("")
    environment = VirtualEnvironment(layout, None)
    write_stamp(layout.venv / BASE_STAMP, {"ros": "wheels"})
    for group in installed:
        write_stamp(environment._stamp(group), {"hash": environment._hash(group)})
    return environment


def test_without_an_environment_everything_is_missing(layout: Layout) -> None:
    assert VirtualEnvironment(layout, None).missing_groups(("ros", "runtime")) == ["ros", "runtime"]


def test_only_what_changed_is_installed_again(layout: Layout) -> None:
    environment = _make(layout, "ros", "runtime")
    assert environment.missing_groups(("ros", "runtime")) == []
    assert environment.missing_groups(("ros", "runtime", "development")) == ["development"]
    layout.requirements("runtime").write_text("runtime==2\n")
    assert environment.missing_groups(("ros", "runtime")) == ["runtime"]


def test_a_new_fix_of_the_wheels_is_applied(layout: Layout) -> None:
    environment = _make(layout, "ros", "runtime")
    (layout.root / "tools" / "fix_ros_wheels.py").write_text("fix = 2")
    assert environment.missing_groups(("ros", "runtime")) == ["ros"]


def test_an_environment_whose_python_is_gone_is_not_whole(layout: Layout) -> None:
    environment = _make(layout, "ros", "runtime")
    layout.python.unlink()
    assert environment.missing_groups(("ros", "runtime")) == ["ros", "runtime"]


def test_a_package_that_was_cut_off_is_installed_again(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, files in {"whole-1.dist-info": ("METADATA", "INSTALLER"), "cut-1.dist-info": ("METADATA",)}.items():
        (packages / name).mkdir(parents=True)
        for file in files:
            (packages / name / file).write_text("")
    remove_partial_packages(tmp_path)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]
