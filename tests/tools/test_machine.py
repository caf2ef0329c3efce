"""Tests of zr0_setup.machine."""

from pathlib import Path

import pytest
from zr0_setup import machine
from zr0_setup.errors import SetupError
from zr0_setup.layout import Layout


def test_a_missing_compiler_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    check = machine.check_compiler()
    assert not check.is_ok
    assert check.advice.startswith("no C++ compiler and no make. Debian and Ubuntu: sudo apt install g++ make")
    with pytest.raises(SetupError, match=r"(?s)has to be installed by hand:.*C\+\+ compiler: none"):
        machine.require_machine(Layout(root=tmp_path, distribution="jazzy"), is_ros_sourced=True)


def test_too_small_a_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISK_NEEDED_GB", 1e9)
    check = machine.check_disk(Layout(root=tmp_path, distribution="jazzy"))
    assert not check.is_ok
    assert "free some space" in check.advice


def test_what_is_there_needs_no_advice() -> None:
    check = machine.check_python()
    assert check.is_ok
    assert check.advice == ""
