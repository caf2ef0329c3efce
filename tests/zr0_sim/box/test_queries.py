"""Identity, kinematics and settings, read back register by register."""

import struct

import numpy as np
import pytest
from zr0_sim.box.codes import Status
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32


def floats(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def test_identity(bench: Bench) -> None:
    axes = len(bench.plant.positions)
    version = bench.ask(Register.VERSION).data
    assert len(version) == 40
    assert version.rstrip(b"\0").decode() == f"{axes},{axes},XI1300,AC1300,v2.7.1"
    serial = bench.ask(Register.SERIAL_NUMBER).data
    assert len(serial) == 40
    assert serial.startswith(b"XI1300")
    assert bench.ask(Register.HARDWARE_TYPES).data == bytes([axes, axes])
    assert bench.ask(Register.POWER_BOARD_VERSION).data == bytes(6)
    assert bench.ask(Register.SERVO_DEBUG).data == bytes(16)
    assert bench.ask(Register.SYSTEM_CONTROL, b"\1").data == b""
    assert bench.ask(Register.SAVE_CONFIGURATION).data == b""


def test_joints_velocities_and_efforts_on_request(bench: Bench) -> None:
    bench.plant.velocities = bench.plant.positions * 2
    bench.plant.efforts = bench.plant.positions * 3
    pad = [0.0] * (7 - len(bench.plant.positions))
    positions = [*bench.plant.positions, *pad]
    assert floats(bench.ask(Register.GET_JOINTS).data) == pytest.approx(positions)
    both = floats(bench.ask(Register.GET_JOINTS, b"\3").data)
    assert both == pytest.approx([*positions, *np.multiply(positions, 2), *np.multiply(positions, 3)])
    assert floats(bench.ask(Register.JOINT_TORQUES).data) == pytest.approx(list(np.multiply(positions, 3)))


def test_inverse_undoes_forward_with_a_tool(bench: Bench) -> None:
    bench.ask(Register.TCP_OFFSET, fp32(0, 0, 172, 0, 0, 0))
    joints = np.zeros(7)
    joints[: len(bench.plant.positions)] = bench.plant.positions
    joints[0] = 0.4
    pose = bench.ask(Register.FORWARD_KINEMATICS, fp32(*joints)).data
    found = bench.ask(Register.INVERSE_KINEMATICS, pose).data
    again = bench.ask(Register.FORWARD_KINEMATICS, found).data
    assert floats(again)[:3] == pytest.approx(floats(pose)[:3], abs=0.01)
    near = bench.ask(Register.INVERSE_KINEMATICS, pose, b"\1", fp32(*joints)).data
    assert floats(near) == pytest.approx(list(joints), abs=1e-4)


def test_unsolvable_pose_is_invalid_and_no_error(bench: Bench) -> None:
    reply = bench.ask(Register.INVERSE_KINEMATICS, fp32(3000, 0, 0, 0, 0, 0))
    assert reply.status & Status.INVALID
    assert bench.ask(Register.GET_ERROR).data == b"\0\0"
    assert bench.ask(Register.INVERSE_KINEMATICS, fp32(np.inf, 0, 0, 0, 0, 0)).status & Status.INVALID


def test_limit_checks(bench: Bench) -> None:
    assert bench.ask(Register.IS_JOINT_LIMIT, fp32(*[0] * 7)).data == b"\0"
    assert bench.ask(Register.IS_JOINT_LIMIT, fp32(0, 2.2, 0, 0, 0, 0, 0)).data == b"\1"
    assert bench.ask(Register.IS_TCP_LIMIT, fp32(400, 0, 200, np.pi, 0, 0)).data == b"\0"
    assert bench.ask(Register.IS_TCP_LIMIT, fp32(3000, 0, 200, np.pi, 0, 0)).data == b"\1"


def test_pose_offset_is_the_second_seen_from_the_first(bench: Bench) -> None:
    first, second = (100, 0, 0, 0, 0, np.pi / 2), (100, 50, 0, 0, 0, np.pi)
    rpy = bench.ask(Register.POSE_OFFSET, fp32(*first, *second), bytes([0, 0]))
    assert floats(rpy.data) == pytest.approx([50, 0, 0, 0, 0, np.pi / 2], abs=1e-4)
    vector = bench.ask(Register.POSE_OFFSET, fp32(*first, *second), bytes([1, 1]))
    assert floats(vector.data) == pytest.approx([50, 0, 0, 0, 0, np.pi / 2], abs=1e-4)


def test_axis_angle_pose_of_a_tool_pointing_down(bench: Bench) -> None:
    bench.plant.positions = np.zeros_like(bench.plant.positions)
    pose = floats(bench.ask(Register.GET_POSE_AXIS_ANGLE).data)
    assert np.abs(pose[3:]) == pytest.approx([np.pi, 0, 0], abs=1e-4)


def test_world_offset_moves_reported_poses(bench: Bench) -> None:
    before = floats(bench.ask(Register.GET_POSE).data)
    bench.ask(Register.WORLD_OFFSET, fp32(100, 0, 0, 0, 0, 0))
    assert floats(bench.ask(Register.GET_POSE).data)[0] == pytest.approx(before[0] + 100)


def test_reduced_states_are_laid_out_as_the_sdk_reads_them(bench: Bench) -> None:
    bench.ask(Register.SET_REDUCED_MODE, b"\1")
    bench.ask(Register.TCP_BOUNDARY, struct.pack("<6i", 600, -600, 500, -500, 400, -100))
    bench.ask(Register.REDUCED_TCP_SPEED, fp32(250))
    bench.ask(Register.REDUCED_JOINT_SPEED, fp32(0.5))
    bench.ask(Register.COLLISION_REBOUND, b"\1")
    data = bench.ask(Register.GET_REDUCED_STATES).data
    assert len(data) == 79
    assert data[0] == 1
    assert struct.unpack(">6h", data[1:13]) == (600, -600, 500, -500, 400, -100)
    assert floats(data[13:21]) == [250, 0.5]
    assert data[77:] == b"\0\1"
    assert bench.ask(Register.GET_REDUCED_MODE).data == b"\1"


def test_simple_settings_are_kept(bench: Bench) -> None:
    bench.ask(Register.TCP_JERK, fp32(2000))
    bench.ask(Register.TCP_MAX_ACCELERATION, fp32(3000))
    bench.ask(Register.JOINT_JERK, fp32(30))
    bench.ask(Register.JOINT_MAX_ACCELERATION, fp32(15))
    bench.ask(Register.REPORT_TORQUE_OR_CURRENT, b"\1")
    bench.ask(Register.SELF_COLLISION_CHECK, b"\0")
    bench.ask(Register.CARTESIAN_VELOCITY_CONTINUOUS, b"\1")
    bench.ask(Register.COLLISION_TOOL, fp32(1, 2, 3), bytes([22]))
    bench.ask(Register.COUNTER_PLUS)
    bench.ask(Register.COUNTER_PLUS)
    settings = bench.box._machine.settings
    assert (settings.tcp_jerk, settings.tcp_max_acceleration) == (2000, 3000)
    assert (settings.joint_jerk, settings.joint_max_acceleration) == (30, 15)
    assert not settings.is_self_collision_check_on
    assert settings.is_cartesian_velocity_continuous
    assert settings.collision_tool_type == 22
    assert settings.collision_tool_parameters.tolist() == [1, 2, 3, 0, 0, 0]
    assert bench.ask(Register.TORQUE_OR_CURRENT_REPORTED).data == b"\1"
    assert settings.counter == 2
    bench.ask(Register.COUNTER_RESET)
    assert settings.counter == 0
    bench.ask(Register.SET_COMMON_PARAMETER, b"\7", fp32(1.5))
    assert bench.ask(Register.GET_COMMON_PARAMETER, b"\7").data == fp32(1.5)
    assert bench.ask(Register.GET_COMMON_PARAMETER, b"\2").data == bytes(4)
