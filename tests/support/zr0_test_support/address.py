"""A loopback address that no other test process of this machine uses.

The SDK fixes the control box's report ports, so boxes that run at the same time differ by address. On Linux the
whole of 127.0.0.0/8 is loopback.
"""

import itertools
import os
import socket

LOCK_PORT = 22118
"""An address is held by a listening socket on this TCP port."""
BOX_PORTS = (502, 30001, 30002, 30003, 50200)
"""Ports of a control box: command port of the arm and of the sim graph, report ports."""


class AddressLock:
    """An address, held until `release` or the end of the process."""

    def __init__(self, address: str, held: socket.socket) -> None:
        self.address = address
        self._held = held

    def release(self) -> None:
        """Let another process have the address."""
        self._held.close()


def lock_address() -> AddressLock:
    """Take a loopback address on which all ports of a control box are free.

    Raises:
        RuntimeError: No address is free, or this is not Linux.
    """
    first = os.getpid()
    for number in itertools.islice(itertools.count(first), 2000):
        address = f"127.{64 + number // (254 * 256) % 64}.{number // 254 % 256}.{1 + number % 254}"
        held = socket.socket()
        try:
            held.bind((address, LOCK_PORT))
            held.listen(1)
        except OSError:
            held.close()
            continue
        if all(_is_free(address, port) for port in BOX_PORTS):
            return AddressLock(address, held)
        held.close()
    raise RuntimeError("no loopback address has a control box's ports free; is a server listening on 0.0.0.0:30001?")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except PermissionError:
            return True  # A privileged port that this user cannot take; nobody else in the tests can either.
        except OSError:
            return False
    return True
