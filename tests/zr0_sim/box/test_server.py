"""The TCP servers, spoken to in bytes."""

import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from zr0_core.embodiment import Embodiment
from zr0_sim.box.box import Box, BoxConfig
from zr0_sim.box.reports import PERIODS, REAL_PORT, SIZES
from zr0_test_support.box_bench import CONTROL_PORT, Bench, wait_for

GET_STATE = bytes.fromhex("00 07 00 02 00 01 0D")
STATE_4 = bytes.fromhex("00 07 00 02 00 03 0D 10 04")
READ_GRIPPER = bytes.fromhex("00 09 00 02 00 08 7C 09 08 03 07 02 00 02")


class Wire:
    """A client in bytes."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=5.0)

    def ask(self, frame: bytes, size: int) -> bytes:
        self.socket.sendall(frame)
        return self.receive(size)

    def receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size and (part := self.socket.recv(size - len(received))):
            received += part
        return received

    def is_closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


@pytest.fixture
def wire(served: Bench) -> Iterator[Wire]:
    client = Wire(served.box.config.host, CONTROL_PORT)
    yield client
    client.socket.close()


def test_request_is_answered(wire: Wire) -> None:
    assert wire.ask(GET_STATE, 9) == STATE_4


def test_clients_are_served_side_by_side(served: Bench, wire: Wire) -> None:
    other = Wire(served.box.config.host, CONTROL_PORT)
    wire.socket.sendall(GET_STATE[:4])
    assert other.ask(GET_STATE, 9) == STATE_4
    assert wire.ask(GET_STATE[4:], 9) == STATE_4
    other.socket.close()


def test_heartbeat_is_ignored(wire: Wire) -> None:
    assert wire.ask(bytes([0, 0, 0, 1, 0, 2, 0, 0]) + GET_STATE, 9) == STATE_4


def test_protocol_3_is_answered_as_3(wire: Wire) -> None:
    assert wire.ask(GET_STATE[:3] + b"\3" + GET_STATE[4:], 9)[3] == 3


@pytest.mark.parametrize("frame", [bytes.fromhex("00 01 00 00 00 06 01 03 00 00 00 01"), b"GET / HTTP/1.1\r\n\r\n"])
def test_foreign_protocols_are_disconnected(wire: Wire, frame: bytes) -> None:
    wire.socket.sendall(frame)
    assert wire.is_closed()


def test_waiting_for_the_gripper_does_not_keep_others_waiting(host: str) -> None:
    box = Box(
        BoxConfig(embodiment=Embodiment.load("xarm7_gripper"), host=host, control_port=CONTROL_PORT, rs485_latency=0.5)
    )
    box.serve()
    slow, fast = Wire(host, CONTROL_PORT), Wire(host, CONTROL_PORT)
    begin = time.monotonic()
    slow.socket.sendall(READ_GRIPPER)
    assert fast.ask(GET_STATE, 9) == STATE_4
    assert time.monotonic() - begin < 0.4
    assert slow.receive(16)[:6] == READ_GRIPPER[:5] + b"\x0a"
    assert time.monotonic() - begin >= 0.5
    box.stop()


@pytest.mark.parametrize("port", sorted(PERIODS))
def test_reports_come_by_themselves(served: Bench, port: int) -> None:
    client = Wire(served.box.config.host, port)
    for _ in range(3):
        assert client.receive(SIZES[port])[:4] == struct.pack(">I", SIZES[port])
    client.socket.close()


@pytest.mark.parametrize(("port", "count"), [(REAL_PORT, 100), (30002, 5)])
def test_rate_of_reports(served: Bench, port: int, count: int) -> None:
    client = Wire(served.box.config.host, port)
    client.receive(SIZES[port])
    begin = time.monotonic()
    client.receive(SIZES[port] * count)
    # One second's worth; a busy machine may be late but never early.
    assert 0.9 <= time.monotonic() - begin <= 2.0
    client.socket.close()


def test_link_drop_cuts_connections_until_it_ends(served: Bench, wire: Wire) -> None:
    report = Wire(served.box.config.host, REAL_PORT)
    report.receive(SIZES[REAL_PORT])
    served.box.faults.inject("link_drop", duration=0.1)
    assert wire.is_closed()
    assert wait_for(report.is_closed)
    assert Wire(served.box.config.host, CONTROL_PORT).is_closed()
    assert Wire(served.box.config.host, REAL_PORT).is_closed()
    served.tick(26)
    assert Wire(served.box.config.host, CONTROL_PORT).ask(GET_STATE, 9) == STATE_4


def test_link_drop_of_reports_leaves_commands(served: Bench, wire: Wire) -> None:
    report = Wire(served.box.config.host, REAL_PORT)
    report.receive(SIZES[REAL_PORT])
    served.box.faults.inject("link_drop", target="report")
    assert wait_for(report.is_closed)
    assert wire.ask(GET_STATE, 9) == STATE_4


def test_stalled_replies_come_late_but_commands_are_done(served: Bench, wire: Wire) -> None:
    served.box.faults.inject("stalled_replies")
    wire.socket.sendall(bytes.fromhex("00 01 00 02 00 03 0B 08 01"))
    assert wait_for(lambda: served.box._machine.is_enabled)
    wire.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        wire.socket.recv(1)
    served.box.faults.clear("stalled_replies")
    wire.socket.settimeout(5.0)
    assert wire.receive(8) == bytes.fromhex("00 01 00 02 00 02 0B 10")


def test_lost_reports_leave_the_connection_open(served: Bench) -> None:
    report = Wire(served.box.config.host, REAL_PORT)
    report.receive(SIZES[REAL_PORT])
    served.box.faults.inject("lost_reports")
    report.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        report.receive(1000 * SIZES[REAL_PORT])
    served.box.faults.clear()
    report.socket.settimeout(5.0)
    assert len(report.receive(SIZES[REAL_PORT])) == SIZES[REAL_PORT]


def test_taken_port_is_reported(served: Bench) -> None:
    config = BoxConfig(embodiment=served.box.config.embodiment, host=served.box.config.host, control_port=0)
    with pytest.raises(OSError, match=f"control box cannot serve at {config.host}: .*address"):
        Box(config).serve()


def test_free_port_is_taken_on_request(host: str) -> None:
    box = Box(BoxConfig(embodiment=Embodiment.load("xarm7_gripper"), host=host, control_port=0))
    box.serve()
    assert Wire(host, box.control_port).ask(GET_STATE, 9) == STATE_4
    box.stop()


@pytest.mark.parametrize(
    ("field", "value"),
    [("control_port", 70000), ("rs485_latency", -1.0), ("command_period", 0.0)],
)
def test_bad_configuration_is_refused(field: str, value: float) -> None:
    bad: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        BoxConfig(embodiment=Embodiment.load("xarm7_gripper"), **bad)


def test_bad_thresholds_are_refused() -> None:
    config = BoxConfig(embodiment=Embodiment.load("xarm7_gripper"), collision_thresholds=(1.0,))
    with pytest.raises(ValueError, match="one value per sensitivity 0 to 5"):
        Box(config)
