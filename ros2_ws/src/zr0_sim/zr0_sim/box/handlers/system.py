"""Identity, state, mode, enabling, errors and feedback: registers 1 to 19, 74, 75, 140, 141, 253 and 254."""

import struct

from zr0_sim.box.codes import FeedbackType
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.registers import Register
from zr0_sim.box.task_queue import Task
from zr0_sim.box.wire import take_u8

TEXT_SIZE = 40
"""Version and serial number are padded with NUL to this many bytes."""


def _version(call: Call) -> bytes:
    return call.machine.model.version(call.context.firmware).encode().ljust(TEXT_SIZE, b"\0")


def _serial_number(call: Call) -> bytes:
    return call.machine.model.serial_number.encode().ljust(TEXT_SIZE, b"\0")


def _acknowledge(_: Call) -> bytes:
    return b""


def _enable(call: Call) -> bytes:
    call.machine.enable(take_u8(call.data), take_u8(call.data, 1) != 0)
    return b""


def _brake(call: Call) -> bytes:
    # A joint whose brake is opened is free, and not under control: its drive counts as off.
    if take_u8(call.data, 1):
        call.machine.enable(take_u8(call.data), False)
    return b""


def _set_state(call: Call) -> bytes:
    call.machine.set_state(take_u8(call.data))
    return b""


def _get_state(call: Call) -> bytes:
    return bytes([call.machine.state])


def _queue_length(call: Call) -> bytes:
    return struct.pack(">H", len(call.machine.queue))


def _get_error(call: Call) -> bytes:
    return bytes([call.machine.error, call.machine.warning])


def _clear_error(call: Call) -> bytes:
    call.machine.clear_error()
    return b""


def _clear_warning(call: Call) -> bytes:
    call.machine.clear_warning()
    return b""


def _set_mode(call: Call) -> bytes:
    call.machine.set_mode(take_u8(call.data))
    return b""


def _counter_reset(call: Call) -> bytes:
    call.machine.settings.counter = 0
    return b""


def _counter_plus(call: Call) -> bytes:
    call.machine.settings.counter += 1
    return b""


def _power_board_version(_: Call) -> bytes:
    return bytes(6)


def _hardware_types(call: Call) -> bytes:
    return bytes([call.machine.model.device_type, call.machine.model.num_joints])


def _feedback_type(call: Call) -> bytes:
    call.client.feedback = FeedbackType(take_u8(call.data))
    return b""


def _feedback_check(call: Call) -> bytes:
    """Tell the client when everything queued so far is done."""
    machine = call.machine
    machine.queue.push(
        Task(
            number=machine.next_task_number(),
            request=call.request,
            send=call.client.send,
            feedback=call.client.feedback,
            plan=None,
        )
    )
    if machine.generator is not machine.queue:
        # Nothing is executing the queue, and nothing else can be in it.
        machine.queue.step(machine.setpoint, machine.setpoint * 0.0, 0.0)
    return b""


HANDLERS: dict[Register, Handler] = {
    Register.VERSION: _version,
    Register.SERIAL_NUMBER: _serial_number,
    Register.SYSTEM_CONTROL: _acknowledge,
    Register.ENABLE: _enable,
    Register.SET_STATE: _set_state,
    Register.GET_STATE: _get_state,
    Register.QUEUE_LENGTH: _queue_length,
    Register.GET_ERROR: _get_error,
    Register.CLEAR_ERROR: _clear_error,
    Register.CLEAR_WARNING: _clear_warning,
    Register.BRAKE: _brake,
    Register.SET_MODE: _set_mode,
    Register.COUNTER_RESET: _counter_reset,
    Register.COUNTER_PLUS: _counter_plus,
    Register.POWER_BOARD_VERSION: _power_board_version,
    Register.HARDWARE_TYPES: _hardware_types,
    Register.SERVO_DEBUG: lambda _: bytes(16),
    Register.FEEDBACK_TYPE: _feedback_type,
    Register.FEEDBACK_CHECK: _feedback_check,
}
