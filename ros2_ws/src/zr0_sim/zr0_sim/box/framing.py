"""UFACTORY's private TCP protocol: frames in and out.

A request is u16 transaction, u16 protocol, u16 length, u8 register, parameters; a response has a u8 status between
register and parameters. The header is big-endian; `length` counts every byte after itself.
"""

import struct
from dataclasses import dataclass

MODBUS_TCP = 0
HEARTBEAT = 1
PRIVATE = 2
PRIVATE_WITH_HEARTBEAT = 3

FEEDBACK_REGISTER = 0xFF
HEADER_SIZE = 6
MAX_LENGTH = 1024
"""Longest body of a request, bytes; more than any command of the SDK needs."""


class FramingError(ValueError):
    """The peer does not speak the protocol."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One frame from a client."""

    transaction: int
    """Number that the response must repeat, u16."""
    protocol: int
    """0 standard Modbus TCP, 1 heartbeat, 2 private, 3 private with heartbeat."""
    register: int
    """What is asked for, u8 (the unit identifier under standard Modbus)."""
    data: bytes
    """Parameters."""


class FrameReader:
    """Cuts a byte stream into requests."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, received: bytes) -> list[Request]:
        """Take bytes as they arrive and return the requests that they complete.

        Raises:
            FramingError: A header names an unknown protocol or an impossible length.
        """
        self._buffer += received
        requests = []
        while len(self._buffer) >= HEADER_SIZE:
            transaction, protocol, length = struct.unpack_from(">HHH", self._buffer)
            if protocol > PRIVATE_WITH_HEARTBEAT:
                raise FramingError(f"protocol identifier is {protocol}, expected 0 to 3; is the peer an xArm client?")
            if not 1 <= length <= MAX_LENGTH:
                raise FramingError(f"frame length is {length}, expected 1 to {MAX_LENGTH}")
            if len(self._buffer) < HEADER_SIZE + length:
                break
            body = self._buffer[HEADER_SIZE : HEADER_SIZE + length]
            self._buffer = self._buffer[HEADER_SIZE + length :]
            requests.append(Request(transaction=transaction, protocol=protocol, register=body[0], data=body[1:]))
        return requests


def encode_response(request: Request, status: int, data: bytes = b"") -> bytes:
    """Build the response to a request."""
    header = struct.pack(">HHHBB", request.transaction, request.protocol, 2 + len(data), request.register, status)
    return header + data


def encode_feedback(
    request: Request, status: int, *, feedback_type: int, task: int, code: int, microseconds: int
) -> bytes:
    """Build the unasked frame that tells a client how a command of its own went on.

    Args:
        request: The command.
        status: Status byte of the box.
        feedback_type: A single bit of `FeedbackType`.
        task: Number of the task, u16.
        code: `FeedbackCode`.
        microseconds: Time of the event, u64.
    """
    body = struct.pack(
        ">BBBBHBQ", FEEDBACK_REGISTER, status, feedback_type, request.register, task & 0xFFFF, code, microseconds
    )
    return struct.pack(">HHH", request.transaction, request.protocol, len(body)) + body
