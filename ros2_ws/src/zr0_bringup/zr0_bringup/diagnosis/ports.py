"""The TCP ports of the simulated control box."""

import errno
import socket

from zr0_bringup.diagnosis.finding import Finding

REPORT_PORTS = (30001, 30002, 30003)
BOX_PORT = 502


def check_ports(control_port: int, address: str = "127.0.0.1") -> list[Finding]:
    """Look whether the box can listen.

    Args:
        control_port: Port of the simulated box's commands.
        address: Where it listens.
    """
    taken = [port for port in (control_port, *REPORT_PORTS) if try_port(address, port) == "taken"]
    found = (
        f"{', '.join(map(str, taken))} taken"
        if taken
        else f"{control_port} and {REPORT_PORTS[0]}-{REPORT_PORTS[-1]} free"
    )
    real = try_port(address, BOX_PORT)
    return [
        Finding(
            name="Ports of the simulated box",
            is_ok=not taken,
            is_required=True,
            found=f"{found} at {address}",
            advice="another simulator or arm program is running: end it, or give --robot-ip 127.0.0.2 (any 127.x.y.z)",
        ),
        Finding(
            name="Port 502",
            is_ok=real == "free",
            is_required=False,
            found=real,
            advice="only needed to offer the simulated box at the real one's port; as root, or: "
            "sudo sysctl net.ipv4.ip_unprivileged_port_start=502",
        ),
    ]


def try_port(address: str, port: int) -> str:
    """Return `free`, `taken` or `not permitted`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            return "not permitted"
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "taken"
            raise
    return "free"
