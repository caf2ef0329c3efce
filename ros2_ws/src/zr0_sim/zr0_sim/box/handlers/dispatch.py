"""From a request to its response."""

import logging

from zr0_sim.box.codes import BadParameterError, MotionFaultError, RefusedError, Status, WarningCode
from zr0_sim.box.framing import encode_response
from zr0_sim.box.handlers import configuration, io, moves, queries, servo, system
from zr0_sim.box.handlers.context import Call, Handler

logger = logging.getLogger(__name__)

GROUPS = (system, moves, servo, queries, configuration, io)
HANDLERS: dict[int, Handler] = {
    register.value: handler for group in GROUPS for register, handler in group.HANDLERS.items()
}
"""Every register that the box knows."""


def dispatch(call: Call) -> bytes:
    """Do what a request asks for and return the response frame. The caller holds the box's lock."""
    register = call.request.register
    handler = HANDLERS.get(register)
    data = b""
    extra = Status(0)
    if handler is None:
        call.machine.warn(WarningCode.UNKNOWN_COMMAND, f"register {register} is unknown")
    else:
        try:
            data = handler(call)
        except BadParameterError as error:
            call.machine.warn(WarningCode.BAD_PARAMETER, f"register {register}: {error}")
        except RefusedError as error:
            logger.info("register %d refused: %s", register, error)
            extra = Status.INVALID
        except MotionFaultError as error:
            call.machine.raise_error(error.code, str(error))
    return encode_response(call.request, call.machine.status | extra, data)
