"""What handlers work on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from zr0_sim.box.codes import FeedbackType
from zr0_sim.box.framing import Request
from zr0_sim.box.gripper import Gripper
from zr0_sim.box.io import BoxIo, ToolRegisters
from zr0_sim.box.machine import Machine
from zr0_sim.box.output_schedule import OutputSchedule


class Client(Protocol):
    """The sender of a request."""

    feedback: FeedbackType
    """Events of its commands that it asked to be told about."""

    def send(self, frame: bytes) -> None:
        """Send a frame; callable from any thread."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The box, as handlers see it."""

    machine: Machine
    """State machine and arm."""
    gripper: Gripper
    """Gripper on the tool's bus."""
    tool: ToolRegisters
    """Registers of the tool flange."""
    io: BoxIo
    """Inputs and outputs of the box."""
    schedule: OutputSchedule
    """Outputs that change later."""
    firmware: str
    """Firmware version, as `v2.7.1`."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to the box."""

    context: Context
    """The box."""
    request: Request
    """What is asked for."""
    client: Client
    """Who asks."""

    @property
    def machine(self) -> Machine:
        """The state machine."""
        return self.context.machine

    @property
    def data(self) -> bytes:
        """The parameters."""
        return self.request.data


Handler = Callable[[Call], bytes]
"""Does what a request asks for and returns the parameters of the response.

Raises:
    BadParameterError: Answered with warning 12.
    RefusedError: Answered as invalid.
    MotionFaultError: Stops the arm with its error.
"""
