"""Reports, byte for byte against the structures that the SDK ships."""

import math

import numpy as np
import pytest
from xarm.x3.report import ReportDataStructure
from zr0_sim.box.registers import Register
from zr0_sim.box.reports import NORMAL_PORT, PERIODS, REAL_PORT, RICH_PORT, SIZES, encode_report
from zr0_test_support.box_bench import Bench, fp32


def read(bench: Bench, port: int) -> ReportDataStructure:
    """Let the SDK read a report."""
    report = encode_report(bench.box._context, port)
    structure = ReportDataStructure.create(port)
    assert len(report) == len(structure) == SIZES[port]
    structure.update(report)
    assert structure.data_size == SIZES[port]
    return structure


def padded(values: np.ndarray) -> list[float]:
    return [*values, *[0.0] * (7 - len(values))]


@pytest.mark.parametrize("port", sorted(PERIODS))
def test_what_all_reports_have(bench: Bench, port: int) -> None:
    bench.ready()
    bench.ask(Register.TCP_OFFSET, fp32(0, 0, 172, 0, 0, 0))
    bench.ready()
    bench.ask(Register.SLEEP, fp32(1.0))
    bench.ask(Register.SLEEP, fp32(1.0))
    bench.tick(3)
    bench.plant.efforts = np.arange(1.0, len(bench.plant.positions) + 1.0)
    report = read(bench, port)
    assert (report.state, report.mode, report.cmd_num) == (1, 0, 2)
    assert report.actual_joint_angle == pytest.approx(padded(bench.plant.positions))
    machine = bench.box._machine
    expected = machine.settings.wire_pose(machine.model, bench.plant.positions)
    assert report.actual_tcp_pose == pytest.approx(list(expected), rel=1e-6, abs=1e-4)
    assert report.estimated_joint_torque == pytest.approx(padded(bench.plant.efforts))


@pytest.mark.parametrize("mode", [0, 1, 2, 4, 5, 6, 7])
def test_mode_and_state_share_a_byte(bench: Bench, mode: int) -> None:
    bench.ready(mode)
    report = read(bench, REAL_PORT)
    assert (report.mode, report.state) == (mode, 2)


@pytest.mark.parametrize("port", [NORMAL_PORT, RICH_PORT])
def test_what_normal_and_rich_reports_add(bench: Bench, port: int) -> None:
    assert read(bench, port).motor_enable_status == 0
    bench.ask(Register.TCP_OFFSET, fp32(1, 2, 3, 0.1, 0.2, 0.3))
    bench.ask(Register.COLLISION_SENSITIVITY, b"\5")
    bench.ask(Register.TEACH_SENSITIVITY, b"\4")
    bench.ask(Register.GRAVITY_DIRECTION, fp32(0, 1, 0))
    bench.ready()
    bench.ask(Register.LOAD, fp32(0.8, 1, 2, 3))
    bench.tick()
    bench.ask(251)
    bench.box.faults.inject("collision")
    report = read(bench, port)
    all_joints = 2 ** len(bench.plant.positions) - 1
    assert report.motor_enable_status == report.motor_brake_status == all_joints
    assert (report.error_code, report.warn_code, report.state) == (31, 13, 4)
    assert report.tcp_offset == pytest.approx([1, 2, 3, 0.1, 0.2, 0.3])
    assert report.tcp_payload == pytest.approx([0.8, 1, 2, 3])
    assert (report.collision_sens, report.teaching_sens) == (5, 4)
    assert report.gravity_direction == [0, 1, 0]


def test_what_only_the_rich_report_has(bench: Bench) -> None:
    bench.ask(Register.REDUCED_JOINT_RANGE, fp32(*range(14)))
    bench.ask(Register.SET_REDUCED_MODE, b"\1")
    bench.ask(Register.FENCE, b"\1")
    bench.ask(Register.COLLISION_REBOUND, b"\1")
    bench.ask(Register.REDUCED_TCP_SPEED, fp32(250))
    bench.ask(Register.WORLD_OFFSET, fp32(4, 5, 6, 0, 0, 0))
    bench.ask(Register.COLLISION_TOOL, fp32(1, 2, 3), bytes([22]))
    bench.ask(Register.REPORT_TORQUE_OR_CURRENT, b"\1")
    for _ in range(258):
        bench.ask(Register.COUNTER_PLUS)
    bench.ask(Register.BOX_SET_ANALOG_2, b"\x0f\xff")
    bench.box._context.io.digital_inputs = 0x0102
    bench.ask(Register.BOX_SET_DIGITAL, b"\x04\x04")
    bench.ask(Register.BOX_INPUT_FUNCTION, bytes([9, 14]))
    bench.plant.velocities = np.zeros_like(bench.plant.positions)
    bench.plant.velocities[0] = 1.0
    report = read(bench, RICH_PORT)
    axes = len(bench.plant.positions)
    assert (report.robot_type, report.robot_axis) == (axes, axes)
    assert (report.master_id, report.slave_id, report.motor_tid, report.motor_fid) == (0xAA, 0x55, 0, 0)
    assert report.version == f"{axes},{axes},XI1300,AC1300,v2.7.1"
    assert (report.tcp_jerk, report.tcp_min_acc, report.tcp_max_acc) == (1000, 1, 50000)
    assert (report.tcp_min_speed, report.tcp_max_speed) == (pytest.approx(0.1), 1000)
    assert (report.joint_jerk, report.joint_max_acc) == (20, 20)
    assert report.joint_max_speed == pytest.approx(math.pi)
    assert report.temperatures == [30] * 7
    assert report.target_joint_speed == pytest.approx(padded(bench.plant.velocities))
    machine = bench.box._machine
    radius = np.linalg.norm(machine.model.flange.forward(bench.plant.positions)[:2, 3])
    assert report.target_tcp_speed == pytest.approx(radius * 1000.0, rel=1e-5)
    assert report.counter == 258
    assert report.world_offset == pytest.approx([4, 5, 6, 0, 0, 0])
    assert report.is_collision_detection
    assert not report.is_simulation_robot
    assert report.collision_tool_type == 22
    assert report.collision_tool_params == [1, 2, 3, 0, 0, 0]
    assert report.joint_voltages == [4800] * 7
    assert report.cgpio_digital_input_configuration_io_status == 0x0102
    assert report.cgpio_digital_output_configuration_io_status == 0x0004
    assert report.cgpio_analog_output[1] == 10.0
    assert report.cgpio_digital_input_io_config[9] == 14
    assert report.is_reduced_mode
    assert report.is_fence_mode
    assert report.is_collision_rebound
    assert report.is_report_current
    assert not report.ft_sensor_is_enable
    assert report.reduced_tcp_max_speed == 250
    assert report.reduced_tcp_boundary == [[-9999, 9999]] * 3
    assert report.reduced_joint_limits == [[2 * joint, 2 * joint + 1] for joint in range(7)]


def test_axis_angle_of_the_rich_report(bench: Bench) -> None:
    bench.plant.positions = np.zeros_like(bench.plant.positions)
    assert np.abs(read(bench, RICH_PORT).axis_angle) == pytest.approx([math.pi, 0, 0], abs=1e-6)
