"""A control box that a test ticks itself, and one that runs in real time with the SDK connected to it."""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from xarm.wrapper import XArmAPI
from zr0_core.types import FloatArray
from zr0_sim.box.box import Box
from zr0_sim.box.codes import FeedbackType
from zr0_sim.box.framing import Request
from zr0_sim.box.handlers.context import Call
from zr0_sim.box.handlers.dispatch import dispatch
from zr0_sim.box.plant import KinematicPlant
from zr0_sim.box.registers import Register

CONTROL_PORT = 50200


@dataclass
class Recorder:
    """A client that keeps what it is sent."""

    feedback: FeedbackType = field(default_factory=lambda: FeedbackType(0))
    frames: list[bytes] = field(default_factory=list)

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


@dataclass
class Reply:
    """A response taken apart."""

    status: int
    data: bytes


class Bench:
    """A box without network or clock: requests go in as frames would, and the test ticks."""

    def __init__(self, box: Box, plant: KinematicPlant) -> None:
        self.box = box
        self.plant = plant
        self.client = Recorder()
        self.num_requests = 0
        self.setpoints: list[FloatArray] = []

    def ask(self, register: Register | int, *parts: bytes) -> Reply:
        self.num_requests += 1
        request = Request(transaction=self.num_requests, protocol=2, register=int(register), data=b"".join(parts))
        with self.box.lock:
            frame = dispatch(Call(context=self.box._context, request=request, client=self.client))
        transaction, protocol, length, echoed, status = struct.unpack_from(">HHHBB", frame)
        assert (transaction, protocol, length, echoed) == (self.num_requests, 2, len(frame) - 6, int(register))
        return Reply(status, frame[8:])

    def ready(self, mode: int = 0) -> None:
        for register, parameters in (
            (Register.ENABLE, bytes([8, 1])),
            (Register.SET_MODE, bytes([mode, 0])),
            (Register.SET_STATE, bytes([0])),
        ):
            self.ask(register, parameters)
        assert self.box.status.is_ready

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.box.tick()
            self.setpoints.append(self.box.status.setpoint)

    def tick_until_still(self, limit: int = 5000) -> int:
        """Tick until the box no longer reports motion; return how many ticks that took."""
        for count in range(limit):
            self.tick()
            if self.box.status.state != 1:
                return count + 1
        raise AssertionError(f"the arm still moves after {limit} ticks")


def fp32(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


@dataclass
class LiveArm:
    """The SDK, connected to a box in real time."""

    api: XArmAPI
    box: Box
    plant: KinematicPlant

    def ready(self, mode: int = 0) -> None:
        """Enable and wait until the SDK has seen it in a report, as clients must."""
        assert self.api.motion_enable(True) == 0
        assert self.api.set_mode(mode) == 0
        assert self.api.set_state(0) == 0
        assert wait_for(lambda: self.api.mode == mode and self.api.state not in {4, 5})


def wait_for(condition: Callable[[], bool], timeout: float = 10.0) -> bool:
    """Wait until a condition holds; tell whether it did in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def connect(host: str, **options: object) -> XArmAPI:
    return XArmAPI(host, is_radian=True, forbid_uds=True, **options)
