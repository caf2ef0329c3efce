"""Servo targets, velocities and online planning (modes 1, 4, 5, 6 and 7)."""

import struct

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_sim.box.arm_model import pose_from_transform
from zr0_sim.box.codes import ErrorCode, Status
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32

DT = 0.004


def servo(bench: Bench, positions: FloatArray) -> int:
    padded = np.zeros(7)
    padded[: len(positions)] = positions
    return bench.ask(Register.SERVO_JOINT, fp32(*padded, 0.0, 0.0, 0.0)).status


def tool(bench: Bench) -> FloatArray:
    """Tool pose (6,), mm and rad, of the setpoint."""
    machine = bench.box._machine
    return pose_from_transform(machine.settings.tool_pose(machine.model, machine.setpoint))


def servo_cartesian(bench: Bench, pose: FloatArray, *, in_tool_frame: bool = False) -> int:
    return bench.ask(Register.SERVO_CARTESIAN, fp32(*pose, 100.0, 1000.0, float(in_tool_frame))).status


def velocities(bench: Bench) -> FloatArray:
    return np.diff(bench.setpoints, axis=0) / DT


def test_stream_at_100_hz_is_followed_smoothly(bench: Bench) -> None:
    bench.ready(mode=1)
    start = bench.box.status.setpoint
    bench.setpoints.append(start)
    # 0.5 rad/s; commands every 2.5 ticks.
    commands = [start + np.eye(len(start))[0] * 0.5 * 0.01 * index for index in range(1, 101)]
    for tick in range(250):
        if (tick * 2) % 5 in {0, 1}:
            assert servo(bench, commands[min(int(tick / 2.5), 99)]) == 0
        bench.tick()
    speed = velocities(bench)[:, 0]
    assert speed[100:].std() < 0.02
    assert speed[100:].mean() == pytest.approx(0.5, rel=0.01)
    assert np.abs(np.diff(speed)).max() <= 20.0 * DT
    bench.tick(50)
    assert bench.box.status.setpoint == pytest.approx(commands[-1], abs=1e-6)


def test_newest_of_several_targets_in_one_tick_wins(bench: Bench) -> None:
    bench.ready(mode=1)
    start = bench.box.status.setpoint
    servo(bench, start + 0.1)
    servo(bench, start - 0.1)
    servo(bench, start + 0.001)
    bench.tick(100)
    assert bench.box.status.setpoint == pytest.approx(start + 0.001, abs=1e-6)
    assert np.max(bench.setpoints - start) <= 0.001 + 1e-6


def test_large_step_is_executed_at_full_speed_without_overshoot(bench: Bench) -> None:
    bench.ready(mode=1)
    start = bench.box.status.setpoint
    target = start.copy()
    target[0] += 2.0
    servo(bench, target)
    bench.tick(600)
    assert velocities(bench).max() == pytest.approx(np.pi, rel=0.01)
    assert np.max([row[0] for row in bench.setpoints]) <= target[0] + 1e-6
    assert bench.box.status.setpoint == pytest.approx(target, abs=1e-6)
    assert bench.box.audit.num_violations > 0


def test_servo_target_out_of_limits_is_c23_and_holds(bench: Bench) -> None:
    bench.ready(mode=1)
    target = bench.box.status.setpoint
    before = target.copy()
    target[1] = 2.5
    assert servo(bench, target) == Status.ERROR | Status.NOT_READY
    bench.tick(20)
    assert bench.box.status.error is ErrorCode.JOINT_LIMIT
    assert bench.box.status.setpoint == pytest.approx(before)


def test_servo_command_to_a_stopped_box_does_nothing(bench: Bench) -> None:
    bench.ready(mode=1)
    before = bench.box.status.setpoint
    bench.ask(Register.SET_STATE, bytes([4]))
    assert servo(bench, before + 0.01) == Status.NOT_READY
    bench.ask(Register.SET_STATE, b"\0")
    bench.tick(20)
    assert bench.box.status.setpoint == pytest.approx(before)
    assert bench.box.audit.num_commands == 0


def test_audit_sees_the_stream(bench: Bench) -> None:
    bench.ready(mode=1)
    start = bench.box.status.setpoint
    for index in range(20):
        servo(bench, start + 0.005 * index)
        bench.tick(3)
    assert bench.box.audit.peaks.velocity == pytest.approx(0.5, rel=0.01)
    assert bench.box.audit.num_commands == 20


@pytest.mark.parametrize(("pause", "is_abrupt"), [(3, True), (25, False)])
def test_a_stream_that_goes_on_after_the_arm_has_come_to_rest_is_a_new_one(
    bench: Bench, pause: int, is_abrupt: bool
) -> None:
    bench.ready(mode=1)
    start = bench.box.status.setpoint
    for index in range(20):
        servo(bench, start + 0.005 * index)
        bench.tick(2)
    bench.box.audit.reset()
    bench.tick(pause)
    servo(bench, start + 0.005 * 19)
    assert (bench.box.audit.num_violations > 0) is is_abrupt


def test_cartesian_servo_moves_in_base_and_tool_frames(bench: Bench) -> None:
    bench.ready(mode=1)
    before = tool(bench)
    servo_cartesian(bench, before + np.array([5.0, 0, 0, 0, 0, 0]))
    bench.tick(100)
    assert tool(bench)[:3] == pytest.approx(before[:3] + np.array([5.0, 0, 0]), abs=0.01)
    # The tool points down: forward along its own z lowers it.
    servo_cartesian(bench, np.array([0, 0, 5.0, 0, 0, 0]), in_tool_frame=True)
    bench.tick(100)
    assert tool(bench)[2] == pytest.approx(before[2] - 5.0, abs=0.2)


def test_cartesian_servo_step_above_10_mm_is_c60(bench: Bench) -> None:
    bench.ready(mode=1)
    before = tool(bench)
    assert servo_cartesian(bench, before + np.array([9.99, 0, 0, 0, 0, 0])) == 0
    status = servo_cartesian(bench, before + np.array([20.1, 0, 0, 0, 0, 0]))
    assert status & Status.ERROR
    assert bench.box.status.error is ErrorCode.SERVO_LINEAR_SPEED
    assert "10.1 mm" in bench.box.status.reason


def test_axis_angle_servo_turns_relative_to_the_base(bench: Bench) -> None:
    bench.ready(mode=1)
    machine = bench.box._machine
    before = machine.settings.tool_pose(machine.model, machine.setpoint)
    bench.ask(
        Register.SERVO_CARTESIAN_AXIS_ANGLE,
        fp32(0, 0, 0, 0, 0, 0.05, 100, 1000),
        struct.pack("<i", 0),
        bytes([1]),
    )
    bench.tick(100)
    after = machine.settings.tool_pose(machine.model, machine.setpoint)
    turned = after[:3, :3] @ before[:3, :3].T
    assert turned[1, 0] == pytest.approx(np.sin(0.05), abs=1e-4)
    assert after[:3, 3] == pytest.approx(before[:3, 3], abs=1e-5)


def joint_velocity(bench: Bench, speeds: list[float], duration: float | None = None) -> int:
    padded = [*speeds, *[0.0] * 7][:7]
    extra = b"" if duration is None else fp32(duration)
    return bench.ask(Register.JOINT_VELOCITY, fp32(*padded), b"\1", extra).status


def test_joint_velocity_ramps_holds_and_ends_with_its_duration(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.5], duration=0.4)
    bench.tick(60)
    assert velocities(bench)[-1, 0] == pytest.approx(0.5)
    bench.tick(60)
    assert velocities(bench)[-1, 0] == 0.0
    assert np.abs(np.diff(velocities(bench), axis=0)).max() <= 20.0 * DT


def test_joint_velocity_without_duration_goes_on_until_zero(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.5])
    bench.tick(500)
    assert velocities(bench)[-1, 0] == pytest.approx(0.5)
    joint_velocity(bench, [0.0])
    bench.tick(20)
    assert velocities(bench)[-1, 0] == 0.0


def test_joint_velocity_into_a_limit_is_c23_before_the_limit(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.0, 1.0])
    bench.tick(1000)
    assert bench.box.status.error is ErrorCode.JOINT_LIMIT
    upper = bench.box._machine.model.flange.upper[1]
    assert upper - 0.05 < bench.plant.positions[1] < upper + np.radians(0.1)


def cartesian_velocity(bench: Bench, twist: list[float], *, in_tool_frame: bool = False) -> int:
    return bench.ask(Register.CARTESIAN_VELOCITY, fp32(*twist), bytes([in_tool_frame])).status


def test_cartesian_velocity_in_base_and_tool_frame(bench: Bench) -> None:
    bench.ready(mode=5)
    before = tool(bench)
    cartesian_velocity(bench, [0, 50.0, 0, 0, 0, 0])
    bench.tick(250)
    assert tool(bench) - before == pytest.approx([0, 50.0, 0, 0, 0, 0], abs=1.0)
    cartesian_velocity(bench, [0, 0, 50.0, 0, 0, 0], in_tool_frame=True)
    bench.tick(250)
    assert tool(bench)[2] - before[2] == pytest.approx(-50.0, abs=1.5)
    cartesian_velocity(bench, [0.0] * 6)
    bench.tick(50)
    assert bench.box.status.state == 2


def test_cartesian_velocity_to_the_end_of_reach_stops_with_an_error(bench: Bench) -> None:
    bench.ready(mode=5)
    cartesian_velocity(bench, [300.0, 0, 0, 0, 0, 0])
    bench.tick(750)
    assert bench.box.status.error in {ErrorCode.OVER_SPEED, ErrorCode.KINEMATICS, ErrorCode.JOINT_LIMIT}
    assert np.abs(velocities(bench)).max() <= np.pi * 1.02
    assert not velocities(bench)[-1].any()


def test_joint_online_planning_takes_the_newest_target_and_keeps_limits(bench: Bench) -> None:
    bench.ready(mode=6)
    start = bench.box.status.setpoint
    first, second = start.copy(), start.copy()
    first[0] += 1.0
    second[0] -= 0.3
    num_joints = len(start)
    pad = [0.0] * (7 - num_joints)
    assert bench.ask(Register.JOINT, fp32(*first, *pad, 0.5, 5.0, 0.0)).status == 0
    bench.tick(200)
    bench.ask(Register.JOINT, fp32(*second, *pad, 0.5, 5.0, 0.0))
    bench.tick_until_still()
    speed = velocities(bench)
    assert bench.box.status.setpoint == pytest.approx(second, abs=1e-5)
    assert np.abs(speed).max() <= 0.5 + 1e-6
    assert np.abs(np.diff(speed, axis=0)).max() <= 5.0 * DT + 1e-6


def test_cartesian_online_planning_goes_straight_to_the_newest_pose(bench: Bench) -> None:
    bench.ready(mode=7)
    before = tool(bench)
    away, target = before + np.array([0, 60.0, 0, 0, 0, 0]), before + np.array([0, -40.0, 0, 0, 0, 0])
    tail = fp32(100.0, 1000.0, 0.0, -1.0)
    bench.ask(Register.LINE, fp32(*away), tail, bytes([0, 0, 0]))
    bench.tick(100)
    bench.ask(Register.LINE, fp32(*target), tail, bytes([0, 0, 0]))
    bench.tick_until_still()
    assert tool(bench)[:3] == pytest.approx(target[:3], abs=0.01)
    machine = bench.box._machine
    points = np.array([machine.settings.wire_pose(machine.model, row)[:3] for row in bench.setpoints])
    assert np.abs(points[:, [0, 2]] - before[[0, 2]]).max() < 0.05
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() / DT <= 100.5


def test_online_target_out_of_reach_is_an_error(bench: Bench) -> None:
    bench.ready(mode=7)
    bench.ask(Register.LINE, fp32(2000, 0, 200, np.pi, 0, 0, 100, 1000, 0, -1), bytes([0, 0, 0]))
    assert bench.box.status.error is ErrorCode.KINEMATICS


@pytest.mark.parametrize(
    ("register", "parameters"),
    [
        (Register.SERVO_JOINT, fp32(*[0] * 10)),
        (Register.SERVO_CARTESIAN, fp32(*[0] * 9)),
        (Register.SERVO_CARTESIAN_AXIS_ANGLE, fp32(*[0] * 8) + bytes(5)),
        (Register.JOINT_VELOCITY, fp32(*[0] * 7) + b"\1"),
        (Register.CARTESIAN_VELOCITY, fp32(*[0] * 6) + b"\0"),
    ],
)
def test_command_of_another_mode_is_invalid(bench: Bench, register: Register, parameters: bytes) -> None:
    bench.ready(mode=0)
    assert bench.ask(register, parameters).status == Status.INVALID
    assert bench.box.status.error is ErrorCode.NONE


def test_pause_of_a_velocity_rests_and_refuses_until_resumed(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.5])
    bench.tick(100)
    bench.ask(Register.SET_STATE, bytes([3]))
    bench.tick(50)
    assert not velocities(bench)[-1].any()
    assert joint_velocity(bench, [0.5]) == Status.INVALID
    bench.ask(Register.SET_STATE, b"\0")
    assert joint_velocity(bench, [0.5]) == 0
    bench.tick(50)
    assert velocities(bench)[-1, 0] == pytest.approx(0.5)


def test_decelerated_stop_of_a_velocity(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.5])
    bench.tick(100)
    bench.ask(Register.SET_STATE, bytes([6]))
    bench.tick(50)
    assert bench.box.status.state == 4
    assert not velocities(bench)[-1].any()


def turn_since(bench: Bench, before: FloatArray) -> FloatArray:
    """Rotation (3, 3) in the base frame from a tool transform to the present one."""
    machine = bench.box._machine
    return machine.settings.tool_pose(machine.model, machine.setpoint)[:3, :3] @ before[:3, :3].T


def test_cartesian_velocity_turns_the_tool(bench: Bench) -> None:
    bench.ready(mode=5)
    machine = bench.box._machine
    before = machine.settings.tool_pose(machine.model, machine.setpoint)
    assert cartesian_velocity(bench, [0, 0, 0, 0, 0, 0.2]) == 0
    assert bench.box.status.state == 1
    bench.tick(250)
    assert turn_since(bench, before)[1, 0] == pytest.approx(np.sin(0.2), abs=0.01)
    assert tool(bench)[:3] == pytest.approx(pose_from_transform(before)[:3], abs=0.01)


def test_cartesian_online_planning_turns_the_tool(bench: Bench) -> None:
    bench.ready(mode=7)
    machine = bench.box._machine
    before = machine.settings.tool_pose(machine.model, machine.setpoint)
    target = tool(bench) + np.array([0, 0, 0, 0, 0, 0.3])
    bench.ask(Register.LINE, fp32(*target, 100.0, 1000.0, 0.0, -1.0), bytes([0, 0, 0]))
    bench.tick_until_still()
    assert turn_since(bench, before)[1, 0] == pytest.approx(np.sin(0.3), abs=1e-4)


def test_velocity_command_is_motion_from_the_moment_it_is_given(bench: Bench) -> None:
    bench.ready(mode=4)
    joint_velocity(bench, [0.5])
    assert bench.box.status.state == 1
