"""`zr0 up` as a person runs it: real nodes, a real Ctrl-C, a real kill."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rcl_interfaces.srv import ListParameters
from zr0_bringup.bringups import bringups
from zr0_bringup.diagnosis.ports import try_port
from zr0_test_support.probe import Probe

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

READY_S = 90.0
END_S = 40.0
BOX_PORT = 50200
NODES = ("sim", "arm_controller", "policy", "lifecycle_manager")


class Up:
    """A running `zr0 up`."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self._output = folder / "up.log"
        with self._output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zr0_bringup.main", "up", *arguments, "--output", str(folder / "runs")],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_for(self, pattern: str, seconds: float) -> "re.Match[str]":
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text())
            if found:
                return found
            assert time.monotonic() < deadline, f"{pattern!r} did not appear in:\n{self.text()}"
            time.sleep(0.05)

    def wait_active(self) -> None:
        self.wait_for(r"lifecycle_manager: active: arm_controller, policy", READY_S)

    def nodes(self) -> dict[str, psutil.Process]:
        """The processes of the nodes, by node name."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            name = re.search(r"__node:=(\w+)", " ".join(child.cmdline()))
            if name:
                found[name.group(1)] = child
        return found

    def wait_exit(self) -> int:
        return self.process.wait(END_S)


@pytest.fixture
def start_up(tmp_path: Path, ros_env: dict[str, str]) -> Iterator[Callable[..., Up]]:
    running: list[Up] = []

    def start(*arguments: str) -> Up:
        running.append(Up(tmp_path, ros_env, *arguments))
        return running[-1]

    yield start
    for up in running:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGINT)
            try:
                up.wait_exit()
            finally:
                up.process.kill()


def wait_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=END_S)
    assert not alive


def family(up: Up) -> list[psutil.Process]:
    """The nodes with all of their children."""
    return [process for node in up.nodes().values() for process in (node, *node.children(recursive=True))]


def test_the_whole_graph_comes_up_and_ctrl_c_ends_it_in_order(
    start_up: Callable[..., Up], box_address: str, probe: Probe
) -> None:
    up = start_up("sim", f"robot_ip:={box_address}", "--policy", "hold")
    up.wait_active()
    processes = family(up)
    assert set(up.nodes()) == set(NODES)
    for node in bringups()["sim"].nodes:
        declared = probe.call(ListParameters, f"/{node.name}/list_parameters").result.names
        unknown = set(node.parameters) - set(declared)
        assert not unknown, f"the graph gives {node.name} parameters that it does not declare"
    up.process.send_signal(signal.SIGINT)
    assert up.wait_exit() == 0, up.text()
    ended = re.findall(r"zr0 up: node (\w+) ended with exit code 0", up.text())
    assert ended == ["arm_controller", "policy", "lifecycle_manager", "sim"]
    wait_gone(processes)


@pytest.mark.parametrize("name", ["policy", "sim"])
def test_a_node_that_dies_is_named_and_ends_the_rest(start_up: Callable[..., Up], box_address: str, name: str) -> None:
    up = start_up("sim", f"robot_ip:={box_address}", "--policy", "hold")
    up.wait_active()
    processes = family(up)
    up.nodes()[name].kill()
    assert up.wait_exit() == 1
    assert f"node {name} was ended by SIGKILL (kill -9, or out of memory); its log: " in up.text()
    wait_gone(processes)


def test_keep_going_keeps_the_rest(start_up: Callable[..., Up], box_address: str) -> None:
    up = start_up("sim", f"robot_ip:={box_address}", "--policy", "hold", "--keep-going")
    up.wait_active()
    up.nodes()["policy"].kill()
    up.wait_for(r"node policy was ended by SIGKILL", END_S)
    assert set(up.nodes()) == {"sim", "arm_controller", "lifecycle_manager"}
    up.process.send_signal(signal.SIGINT)
    assert up.wait_exit() == 1


def test_a_killed_zr0_leaves_no_process(start_up: Callable[..., Up], box_address: str) -> None:
    up = start_up("sim", f"robot_ip:={box_address}", "--policy", "hold")
    up.wait_active()
    processes = family(up)
    assert len(processes) >= len(NODES)
    up.process.kill()
    up.process.wait()
    wait_gone(processes)


def test_a_bring_up_that_cannot_succeed_says_why(start_up: Callable[..., Up], box_address: str) -> None:
    up = start_up("sim", f"robot_ip:={box_address}", "--policy", "dreaming")
    assert up.process.wait(READY_S) == 1
    assert "policy does not configure" in up.text()
    assert "no policy named 'dreaming'" in up.text()
    assert "node lifecycle_manager ended with exit code 1" in up.text()


@pytest.fixture
def box(box_address: str) -> Iterator[str]:
    """A control box in a process of its own, with an arm without dynamics; its address."""
    command = [sys.executable, "-m", "zr0_sim.box", "--host", box_address, "--control-port", str(BOX_PORT)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + READY_S
        while try_port(box_address, BOX_PORT) != "taken":
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield box_address
        process.send_signal(signal.SIGINT)
        process.wait(END_S)


def test_a_real_arm_needs_only_its_address(start_up: Callable[..., Up], box: str) -> None:
    up = start_up("xarm", "--robot-ip", box, "--control-port", str(BOX_PORT), "--policy", "hold")
    up.wait_active()
    assert set(up.nodes()) == {"arm_controller", "policy", "lifecycle_manager"}
    up.process.send_signal(signal.SIGINT)
    assert up.wait_exit() == 0, up.text()
