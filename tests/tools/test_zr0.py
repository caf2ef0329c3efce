"""Tests of ./zr0 itself: what it does before it knows which Python it has."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ZR0 = Path(__file__).parents[2] / "zr0"


def load() -> ModuleType:
    loader = SourceFileLoader("zr0_executable", str(ZR0))
    spec = spec_from_loader("zr0_executable", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_an_old_python_without_a_newer_one_gets_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load().main() == 2
    words = capsys.readouterr().err
    assert "this is Python 3.9, and no Python 3.11 to 3.13 was found on the PATH; install one" in words


def test_another_python_that_cannot_make_environments_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for minor, code in ((13, 1), (12, 0)):
        script = tmp_path / f"python3.{minor}"
        script.write_text(f"#!/bin/sh\nexit {code}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load().supported_python() == "python3.12"


def test_help_needs_nothing_but_python(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-I", "-S", str(ZR0), "sim", "--help"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "--episodes" in finished.stdout
    assert "--robot-ip" in finished.stdout


def test_a_wrong_option_is_refused_before_anything_is_set_up(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-I", "-S", str(ZR0), "sim", "--polizy", "hold"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "unrecognized arguments: --polizy hold" in finished.stderr
