"""Gripper bus, tool flange and box inputs and outputs: registers 123 to 147 and 240."""

import struct
from collections.abc import Callable

from zr0_sim.box.codes import BadParameterError, ErrorCode, MotionFaultError
from zr0_sim.box.gripper import SLAVE
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.handlers.moves import enqueue
from zr0_sim.box.io import DIGITAL_OUTPUT
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
    device, address, value = take_u8(call.data), take_u16(call.data, 1), float(take_floats(call.data, 1, 3)[0])
    return _do(call, lambda: call.context.tool.write(device, address, value), in_order=call.data[7:8] == b"\1")


def _tool_read(call: Call) -> bytes:
    return struct.pack(">i", call.context.tool.read(take_u8(call.data), take_u16(call.data, 1)))


def _get_digital(call: Call) -> bytes:
    return struct.pack(">H", call.context.io.digital_inputs)


def _set_digital(call: Call) -> bytes:
    require(call.data, 2)
    command, flag = call.data[: len(call.data) // 2 * 2], call.data[len(call.data) // 2 * 2 :]
    return _do(call, lambda: call.context.io.write_digital(command), in_order=flag == b"\1")


def _set_delayed(call: Call) -> bytes:
    switch = _switch(call)
    delay = float(take_floats(call.data, 1, 2)[0])
    call.context.schedule.at_time(call.machine.now() + delay, switch)
    return b""


def _set_at_position(call: Call) -> bytes:
    switch = _switch(call)
    values = take_floats(call.data, 4, 2)
    call.context.schedule.at_place(values[:3], float(values[3]), switch)
    return b""


def _set_analog_at_position(call: Call) -> bytes:
    channel, value, place = take_u8(call.data), take_u16(call.data, 1), take_floats(call.data, 4, 3)
    if channel > 1 or value > MAX_ANALOG:
        raise BadParameterError(f"analogue output {channel} to {value}, expected output 0 or 1, 0 to {MAX_ANALOG}")

    def switch() -> None:
        call.context.io.analog_outputs[channel] = value

    call.context.schedule.at_place(place[:3], float(place[3]), switch)
    return b""


def _switch(call: Call) -> Callable[[], None]:
    """Read which output, and whether it goes on or off, and return what does it."""
    channel, is_on = _channel(call.data), take_u8(call.data, 1) != 0
    if call.request.register in {Register.TOOL_DIGITAL_DELAYED, Register.TOOL_DIGITAL_AT_POSITION}:
        command = 1 << channel + 8 | is_on << channel
        return lambda: call.context.tool.write(TOOL_HOST, DIGITAL_OUTPUT, command)
    return lambda: call.context.io.write_one(channel, is_on)


def _do(call: Call, action: Callable[[], None], *, in_order: bool) -> bytes:
    """Do something now, or when the motions queued before are done."""
    machine = call.machine
    if in_order and machine.is_ready and machine.generator is machine.queue and len(machine.queue):
        return enqueue(call, None, check=0, trigger=action)
    action()
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
    Register.BOX_DIGITAL_DELAYED: _set_delayed,
    Register.TOOL_DIGITAL_DELAYED: _set_delayed,
    Register.BOX_DIGITAL_AT_POSITION: _set_at_position,
    Register.TOOL_DIGITAL_AT_POSITION: _set_at_position,
    Register.BOX_ANALOG_AT_POSITION: _set_analog_at_position,
    Register.IO_STOP_RESET: lambda _: b"",
}
