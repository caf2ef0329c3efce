"""Gripper bus, tool flange, inputs and outputs."""

import struct

import pytest
from zr0_sim.box.codes import ErrorCode, WarningCode
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32

READ, WRITE = 3, 16


def modbus_write(bench: Bench, address: int, values: bytes) -> bytes:
    count = len(values) // 2
    frame = struct.pack(">BBBHHB", 9, 8, WRITE, address, count, len(values)) + values
    return bench.ask(Register.RS485_RTU, frame).data


def modbus_read(bench: Bench, address: int, count: int = 1) -> bytes:
    reply = bench.ask(Register.RS485_RTU, struct.pack(">BBBHH", 9, 8, READ, address, count)).data
    assert reply[:4] == bytes([9, 8, READ, 2 * count])
    return reply[4:]


def go_to(bench: Bench, units: int) -> None:
    modbus_write(bench, 0x0700, struct.pack(">i", units))


def units(bench: Bench) -> int:
    return int(struct.unpack(">i", modbus_read(bench, 0x0702, 2))[0])


def status(bench: Bench) -> int:
    return int(struct.unpack(">H", modbus_read(bench, 0x0000))[0])


def test_write_is_answered_with_its_own_head(bench7: Bench) -> None:
    assert modbus_write(bench7, 0x0100, b"\0\1") == bytes.fromhex("09 08 10 01 00 00 01")


def test_one_register_can_be_written(bench7: Bench) -> None:
    frame = struct.pack(">BBBHH", 9, 8, 6, 0x0303, 700)
    assert bench7.ask(Register.RS485_RTU, frame).data == frame
    assert modbus_read(bench7, 0x0303) == struct.pack(">H", 700)


def test_gripper_does_not_move_before_it_is_enabled(bench7: Bench) -> None:
    go_to(bench7, 100)
    bench7.tick(100)
    assert units(bench7) == 850


def test_gripper_moves_stops_and_tells(bench7: Bench) -> None:
    modbus_write(bench7, 0x0100, b"\0\1")
    assert (units(bench7), status(bench7)) == (850, 0)
    go_to(bench7, 450)
    bench7.tick()
    assert status(bench7) == 1
    bench7.tick(60)
    assert (units(bench7), status(bench7)) == (450, 0)
    assert bench7.plant.gripper_position == pytest.approx(0.4)


def test_gripper_that_holds_an_object_tells(bench7: Bench) -> None:
    modbus_write(bench7, 0x0100, b"\0\1")
    bench7.plant.gripper_obstacle = 0.5
    go_to(bench7, 0)
    bench7.tick(63)
    assert status(bench7) == 1
    bench7.tick(30)
    assert (units(bench7), status(bench7)) == (350, 2)


def test_gripper_speed_setting(bench7: Bench) -> None:
    modbus_write(bench7, 0x0100, b"\0\1")
    modbus_write(bench7, 0x0303, struct.pack(">H", 2500))
    go_to(bench7, 0)
    bench7.tick(10)
    assert bench7.plant.gripper_velocity == pytest.approx(1.0)
    modbus_write(bench7, 0x0303, struct.pack(">H", 60000))
    assert modbus_read(bench7, 0x0303) == struct.pack(">H", 5000)


def test_gripper_target_is_clipped_to_its_stroke(bench7: Bench) -> None:
    modbus_write(bench7, 0x0100, b"\0\1")
    go_to(bench7, -500)
    bench7.tick(200)
    assert units(bench7) == -10


def test_gripper_version_enables_status_polling(bench7: Bench) -> None:
    assert struct.unpack(">3H", modbus_read(bench7, 0x0801, 3)) == (3, 4, 3)
    assert modbus_read(bench7, 0x000F) == b"\0\0"


def test_broken_gripper_frames_are_bad_parameters(bench7: Bench) -> None:
    for frame in (bytes([9]), bytes([9, 8, READ]), struct.pack(">BBBHH", 9, 8, 5, 0, 1)):
        bench7.ask(Register.RS485_RTU, frame)
        assert bench7.ask(Register.GET_ERROR).data[1] == WarningCode.BAD_PARAMETER
        bench7.ask(Register.CLEAR_WARNING)
    bench7.ask(Register.RS485_RTU, struct.pack(">BBBHHB", 9, 8, WRITE, 0x0700, 2, 4))
    assert bench7.ask(Register.GET_ERROR).data[1] == WarningCode.BAD_PARAMETER


def test_absent_device_is_a_communication_error(bench7: Bench) -> None:
    bench7.ready()
    bench7.ask(Register.RS485_RTU, struct.pack(">BBBHH", 9, 1, READ, 0, 1))
    assert bench7.box.status.error is ErrorCode.END_EFFECTOR_COMMUNICATION
    assert "no device 1 answers on bus 9" in bench7.box.status.reason


def test_tool_registers(bench7: Bench) -> None:
    def read(address: int) -> int:
        return int(struct.unpack(">i", bench7.ask(Register.TOOL_READ_16, struct.pack(">BH", 9, address)).data)[0])

    def write(address: int, value: float) -> None:
        bench7.ask(Register.TOOL_WRITE_16, struct.pack(">BH", 9, address) + fp32(value))

    assert read(0x0A0B) == 11  # 2 Mbaud, or the SDK spends 1.3 s on changing it
    write(0x1A0B, 9)
    assert read(0x0A0B) == 9
    write(0x0A15, 0x0301)
    assert read(0x0A15) == 0x01
    write(0x0A15, 0x0202)
    assert read(0x0A15) == 0x03
    assert bench7.ask(Register.TOOL_ERROR).data == b"\0\0"
    assert bench7.ask(Register.RS485_TIMEOUT, b"\0\36").data == b""


def test_box_digital_outputs(bench7: Bench) -> None:
    bench7.ask(Register.BOX_SET_DIGITAL, struct.pack(">H", 0x0504))
    bench7.ask(Register.BOX_SET_DIGITAL, struct.pack(">HH", 0x0101, 0x8080))
    assert bench7.box._context.io.digital_outputs == 0x8005
    bench7.box._context.io.digital_inputs = 0x1234
    assert bench7.ask(Register.BOX_GET_DIGITAL).data == b"\x12\x34"


def test_box_analogue_channels_and_functions(bench7: Bench) -> None:
    bench7.ask(Register.BOX_SET_ANALOG_1, struct.pack(">H", 100))
    bench7.ask(Register.BOX_SET_ANALOG_2, struct.pack(">H", 4095))
    bench7.box._context.io.analog_inputs[:] = [7, 8]
    assert bench7.ask(Register.BOX_GET_ANALOG_1).data == b"\0\7"
    assert bench7.ask(Register.BOX_GET_ANALOG_2).data == b"\0\10"
    bench7.ask(Register.BOX_INPUT_FUNCTION, bytes([2, 12]))
    bench7.ask(Register.BOX_OUTPUT_FUNCTION, bytes([9, 11]))
    state = bench7.ask(Register.BOX_IO_STATE).data
    assert len(state) == 50
    assert struct.unpack(">4H", state[10:18]) == (7, 8, 100, 4095)
    assert state[18 + 2] == 12
    assert state[18 + 24 + 1] == 11


def test_output_in_order_waits_for_the_motions_before_it(bench7: Bench) -> None:
    bench7.ready()
    bench7.ask(Register.SLEEP, fp32(0.1))
    bench7.ask(Register.BOX_SET_DIGITAL, struct.pack(">H", 0x0101), b"\1")
    bench7.ask(Register.BOX_SET_DIGITAL, struct.pack(">H", 0x0202), b"\0")
    bench7.ask(Register.TOOL_WRITE_16, struct.pack(">BH", 9, 0x0A15), fp32(0x0101), b"\1")
    bench7.tick(10)
    assert bench7.box._context.io.digital_outputs == 0b10
    bench7.tick_until_still()
    assert bench7.box._context.io.digital_outputs == 0b11
    assert bench7.box._context.tool.read(9, 0x0A15) == 1


def test_delayed_outputs(bench7: Bench) -> None:
    bench7.ask(Register.BOX_DIGITAL_DELAYED, bytes([9, 1]), fp32(0.1))
    bench7.ask(Register.TOOL_DIGITAL_DELAYED, bytes([1, 1]), fp32(0.1))
    bench7.tick(24)
    assert bench7.box._context.io.digital_outputs == 0
    bench7.tick(2)
    assert bench7.box._context.io.digital_outputs == 1 << 9
    assert bench7.box._context.tool.read(9, 0x0A15) == 2


def test_outputs_at_a_place(bench7: Bench) -> None:
    bench7.ready()
    start = struct.unpack("<6f", bench7.ask(Register.GET_POSE).data)
    place = fp32(start[0], start[1] + 20.0, start[2], 2.0)
    bench7.ask(Register.BOX_DIGITAL_AT_POSITION, bytes([0, 1]), place)
    bench7.ask(Register.BOX_ANALOG_AT_POSITION, bytes([1]), struct.pack(">H", 99), place)
    bench7.ask(Register.TOOL_DIGITAL_AT_POSITION, bytes([0, 1]), place)
    bench7.tick(5)
    assert bench7.box._context.io.digital_outputs == 0
    bench7.ask(Register.RELATIVE, fp32(0, 40, 0, 0, 0, 0, 0, 200, 2000, 0, -1), bytes([0, 0]))
    bench7.tick_until_still()
    assert bench7.box._context.io.digital_outputs == 1
    assert bench7.box._context.io.analog_outputs == [0, 99]
    assert bench7.box._context.tool.read(9, 0x0A15) == 1
    bench7.ask(Register.BOX_ANALOG_AT_POSITION, bytes([2]), struct.pack(">H", 99), place)
    assert bench7.ask(Register.GET_ERROR).data[1] == WarningCode.BAD_PARAMETER
