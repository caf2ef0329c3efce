"""The command."""

import signal
import socket
import subprocess
import sys

import pytest
from zr0_test_support.box_bench import CONTROL_PORT, wait_for


def run(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "zr0_sim.box", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def is_serving(host: str) -> bool:
    try:
        socket.create_connection((host, CONTROL_PORT), timeout=1.0).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_interrupted(host: str, number: signal.Signals) -> None:
    process = run("--host", host, "--control-port", str(CONTROL_PORT), "--embodiment", "xarm6_gripper")
    try:
        assert wait_for(lambda: is_serving(host), timeout=30.0)
        process.send_signal(number)
        assert process.wait(timeout=10.0) == 0
    finally:
        process.kill()
        process.communicate()


def test_unknown_embodiment_is_reported(host: str) -> None:
    process = run("--host", host, "--embodiment", "xarm8")
    output, _ = process.communicate(timeout=30.0)
    assert process.returncode == 1
    assert "zr0-box: no embodiment named 'xarm8'" in output
