"""Boxes to test with."""

import logging
import socket
from collections.abc import Iterator

import numpy as np
import pytest
from xarm.core.config.x_config import XCONF
from zr0_core.embodiment import Embodiment
from zr0_sim.box.box import Box, BoxConfig
from zr0_sim.box.plant import KinematicPlant
from zr0_test_support.address import lock_address
from zr0_test_support.box_bench import CONTROL_PORT, Bench, LiveArm, connect


@pytest.fixture(params=["xarm6_gripper", "xarm7_gripper"])
def embodiment(request: pytest.FixtureRequest) -> Embodiment:
    return Embodiment.load(request.param)


@pytest.fixture
def bench(embodiment: Embodiment) -> Bench:
    plant = KinematicPlant(embodiment.home)
    return Bench(Box(BoxConfig(embodiment=embodiment), plant), plant)


@pytest.fixture
def bench7() -> Bench:
    """The same with seven joints only."""
    embodiment = Embodiment.load("xarm7_gripper")
    plant = KinematicPlant(embodiment.home)
    return Bench(Box(BoxConfig(embodiment=embodiment), plant), plant)


@pytest.fixture
def host() -> Iterator[str]:
    lock = lock_address()
    yield lock.address
    lock.release()


@pytest.fixture
def served(host: str) -> Iterator[Bench]:
    """A box with open ports that nobody ticks."""
    embodiment = Embodiment.load("xarm7_gripper")
    plant = KinematicPlant(embodiment.home)
    box = Box(BoxConfig(embodiment=embodiment, host=host, control_port=CONTROL_PORT), plant)
    box.serve()
    yield Bench(box, plant)
    box.stop()


@pytest.fixture
def sdk_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the SDK use an unprivileged port, and undo the time limit that it sets on all sockets of the process."""
    monkeypatch.setattr(XCONF.SocketConf, "TCP_CONTROL_PORT", CONTROL_PORT)
    before = socket.getdefaulttimeout()
    yield
    socket.setdefaulttimeout(before)


@pytest.fixture
def live(request: pytest.FixtureRequest, host: str, sdk_port: None) -> Iterator[LiveArm]:  # noqa: ARG001 - set up first
    """A box at work at its zero position and the SDK connected to it; seven joints, or what a test asks for."""
    embodiment = Embodiment.load(getattr(request, "param", "xarm7_gripper"))
    plant = KinematicPlant(np.zeros(len(embodiment.joint_names)))
    box = Box(BoxConfig(embodiment=embodiment, host=host, control_port=CONTROL_PORT), plant)
    # The default jerk makes short moves slow.
    box._machine.settings.tcp_jerk, box._machine.settings.joint_jerk = 50000.0, 300.0
    box.start()
    api = connect(host)
    logging.getLogger("xarm").setLevel(logging.CRITICAL)
    yield LiveArm(api, box, plant)
    api.disconnect()
    box.stop()
