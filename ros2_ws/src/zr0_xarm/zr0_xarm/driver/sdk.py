"""Import UFACTORY's SDK and open connections, without its side effects."""

import builtins
import contextlib
import io
import logging
import socket
import sys
import threading
from typing import Any

from zr0_xarm.errors import ArmConnectionError

logger = logging.getLogger("zr0_xarm.sdk")


class _LogStream(io.TextIOBase):
    """A text stream that logs what is written to it, line by line."""

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                logger.debug("%s", line.rstrip())
        return len(text)


def _log_print(*values: object, **_: object) -> None:
    logger.debug("%s", " ".join(str(value) for value in values))


# The SDK prints while it is imported, and its log handlers keep the stream they find then.
with contextlib.redirect_stdout(_LogStream()):
    from xarm.core.config.x_config import XCONF
    from xarm.wrapper import XArmAPI

# Its handler logs what this logger says; the root logger need not say it again.
logging.getLogger("origin.print").propagate = False

for _name, _module in list(sys.modules.items()):
    if _name.split(".")[0] == "xarm" and getattr(_module, "print", builtins.print) is builtins.print:
        # A module's own name comes before the builtin, so the SDK's threads log instead of printing.
        _module.__dict__["print"] = _log_print

JOINT_LIMITS: Any = XCONF.Robot.JOINT_LIMITS
SECOND_GENERATION = 1305
"""First hardware number, as in a serial number XI1305..., with narrower joint limits."""

_opening = threading.Lock()
_default_timeout = socket.getdefaulttimeout()


def open_connection(ip: str, control_port: int, report_type: str) -> Any:
    """Connect to a control box. The connection speaks radians and millimetres.

    Args:
        ip: IPv4 address of the control box.
        control_port: TCP port for commands.
        report_type: `real` for 100 Hz joint reports, `rich` for 5 Hz reports with error codes.

    Raises:
        ArmConnectionError: Nothing there answers as a control box.
    """
    _knock(ip, control_port)
    with _opening:
        XCONF.SocketConf.TCP_CONTROL_PORT = control_port
        try:
            # Without forbid_uds a simulator on this machine would answer for any address.
            return XArmAPI(ip, is_radian=True, report_type=report_type, forbid_uds=True, timed_comm=False)
        except Exception as error:  # the SDK raises nothing more specific
            raise ArmConnectionError(_unreachable(ip, control_port, error)) from error
        finally:
            restore_socket_timeout()


def _knock(ip: str, port: int) -> None:
    """Find out in a moment whether something there talks to clients; the SDK itself takes ten seconds to give up.

    Raises:
        ArmConnectionError: Nothing does.
    """
    try:
        knock = socket.create_connection((ip, port), timeout=2.0)
    except OSError as error:
        raise ArmConnectionError(_unreachable(ip, port, error)) from error
    with knock:
        knock.settimeout(0.03)
        try:
            is_closed = knock.recv(1) == b""
        except TimeoutError:
            is_closed = False  # Open, and waiting for us to speak.
        except OSError:
            is_closed = True
    if is_closed:
        raise ArmConnectionError(_unreachable(ip, port, "it closes the connection at once"))


def _unreachable(ip: str, port: int, why: object) -> str:
    return (
        f"no xArm control box answers at {ip} port {port}: {why}; "
        "check robot_ip, the cable, and that the box has started"
    )


def restore_socket_timeout() -> None:
    """Undo the SDK's change of the timeout of every socket that this process opens later."""
    if socket.getdefaulttimeout() != _default_timeout:
        socket.setdefaulttimeout(_default_timeout)
