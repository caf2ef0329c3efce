"""Tests of zr0_setup.lock, with real processes."""

import subprocess
import sys
from pathlib import Path

import pytest
from zr0_setup.errors import SetupError
from zr0_setup.lock import setup_lock

TOOLS = Path(__file__).parents[2] / "tools"
HOLDER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from zr0_setup.lock import setup_lock
with setup_lock(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _hold(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(TOOLS), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_setup_waits_and_then_names_the_holder(tmp_path: Path) -> None:
    with (
        _hold(tmp_path / "lock") as holder,
        pytest.raises(SetupError, match=rf"another set-up \(process {holder.pid}\) has held"),
        setup_lock(tmp_path / "lock", longest_wait_s=0.3),
    ):
        pass
    with setup_lock(tmp_path / "lock", longest_wait_s=0.3):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    holder = _hold(tmp_path / "lock")
    holder.kill()
    holder.communicate()
    with setup_lock(tmp_path / "lock", longest_wait_s=0.3):
        pass
