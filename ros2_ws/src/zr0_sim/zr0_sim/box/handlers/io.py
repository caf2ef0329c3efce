"""Gripper bus, tool flange and box inputs and outputs: registers 123 to 139 and 240."""

import struct

from zr0_sim.box.codes import BadParameterError, ErrorCode, MotionFaultError
from zr0_sim.box.gripper import SLAVE
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.registers import Register
from zr0_sim.box.wire import require, take_floats, take_u8, take_u16

TOOL_HOST = 9
"""Number of the tool's RS485 bus."""
MAX_ANALOG = 4095


def _rs485(call: Call) -> bytes:
    """Pass a Modbus frame to the device it is for; one that is not there is a communication error (C19)."""
    require(call.data, 2)
    host, slave = call.data[0], call.data[1]
    if host != TOOL_HOST or slave != SLAVE:
        raise MotionFaultError(
            ErrorCode.END_EFFECTOR_COMMUNICATION,
            f"no device {slave} answers on bus {host}; the gripper is device {SLAVE} on bus {TOOL_HOST}",
        )
    return bytes([host]) + call.context.gripper.request(call.data[1:])


def _tool_write(call: Call) -> bytes:
    value = float(take_floats(call.data, 1, 3)[0])
    call.context.tool.write(take_u8(call.data), take_u16(call.data, 1), value)
    return b""


def _tool_read(call: Call) -> bytes:
    return struct.pack(">i", call.context.tool.read(take_u8(call.data), take_u16(call.data, 1)))


def _get_digital(call: Call) -> bytes:
    return struct.pack(">H", call.context.io.digital_inputs)


def _set_digital(call: Call) -> bytes:
    require(call.data, 2)
    # An odd length carries one more byte: whether to wait for queued motions, which outputs here never do.
    call.context.io.write_digital(call.data[: len(call.data) // 2 * 2])
    return b""


def _get_analog(channel: int) -> Handler:
    def handle(call: Call) -> bytes:
        return struct.pack(">H", call.context.io.analog_inputs[channel])

    return handle


def _set_analog(channel: int) -> Handler:
    def handle(call: Call) -> bytes:
        value = take_u16(call.data)
        if value > MAX_ANALOG:
            raise BadParameterError(f"analogue output is {value}, expected 0 to {MAX_ANALOG}")
        call.context.io.analog_outputs[channel] = value
        return b""

    return handle


def _input_function(call: Call) -> bytes:
    call.context.io.input_functions[_channel(call.data)] = take_u8(call.data, 1)
    return b""


def _output_function(call: Call) -> bytes:
    call.context.io.output_functions[_channel(call.data)] = take_u8(call.data, 1)
    return b""


def _io_state(call: Call) -> bytes:
    return call.context.io.state()


def _channel(data: bytes) -> int:
    channel = take_u8(data)
    if channel >= 16:
        raise BadParameterError(f"channel is {channel}, expected 0 to 15")
    return channel


HANDLERS: dict[Register, Handler] = {
    Register.RS485_RTU: _rs485,
    Register.RS485_TIMEOUT: lambda _: b"",
    Register.RS485_TRANSPARENT_TIMEOUT: lambda _: b"",
    Register.TOOL_ERROR: lambda _: bytes(2),
    Register.TOOL_WRITE_16: _tool_write,
    Register.TOOL_READ_16: _tool_read,
    Register.TOOL_WRITE_32: _tool_write,
    Register.TOOL_READ_32: _tool_read,
    Register.BOX_GET_DIGITAL: _get_digital,
    Register.BOX_SET_DIGITAL: _set_digital,
    Register.BOX_GET_ANALOG_1: _get_analog(0),
    Register.BOX_GET_ANALOG_2: _get_analog(1),
    Register.BOX_SET_ANALOG_1: _set_analog(0),
    Register.BOX_SET_ANALOG_2: _set_analog(1),
    Register.BOX_INPUT_FUNCTION: _input_function,
    Register.BOX_OUTPUT_FUNCTION: _output_function,
    Register.BOX_IO_STATE: _io_state,
}
