"""Tests of zr0_setup.progress, with a real process."""

import os
import sys
from pathlib import Path

import pytest
from zr0_setup.errors import SetupError
from zr0_setup.progress import run_step


def _run(code: str, tmp_path: Path) -> None:
    run_step(
        "counting",
        [sys.executable, "-c", code],
        log=tmp_path / "logs" / "counting.log",
        environment=os.environ,
        folder=tmp_path,
        advice="Count again.",
    )


def test_a_failure_says_what_why_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"(?s)counting failed \(exit code 3\)\. Count again\..*the reason"):
        _run("print('the reason'); raise SystemExit(3)", tmp_path)


def test_output_is_kept_and_progress_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _run("print('one'); import sys; print('two', file=sys.stderr)", tmp_path)
    assert sorted((tmp_path / "logs" / "counting.log").read_text().splitlines()) == ["one", "two"]
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "counting: done in" in captured.err
