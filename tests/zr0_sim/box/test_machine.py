"""Enabling, modes, states, errors and warnings, as a client sees them."""

import struct

import numpy as np
import pytest
from zr0_sim.box.codes import ErrorCode, State, Status, WarningCode
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32

READY, NOT_READY = 0, int(Status.NOT_READY)


def state(bench: Bench) -> int:
    return bench.ask(Register.GET_STATE).data[0]


def error(bench: Bench) -> tuple[int, int]:
    code, warning = bench.ask(Register.GET_ERROR).data
    return code, warning


def move(bench: Bench, joint: int, by: float, speed: float = 1.0) -> int:
    change = [0.0] * 7
    change[joint] = by
    return bench.ask(Register.RELATIVE, fp32(*change, speed, 10.0, 0.0, -1.0), bytes([1, 0])).status


def test_box_starts_stopped_and_without_power(bench: Bench) -> None:
    assert state(bench) == State.STOPPED
    assert not bench.box.status.is_ready
    assert bench.ask(Register.SET_STATE, b"\0").status == NOT_READY


def test_enabling_and_modes_need_state_0_afterwards(bench: Bench) -> None:
    assert bench.ask(Register.ENABLE, bytes([8, 1])).status == NOT_READY
    assert state(bench) == State.CONFIG_CHANGED
    assert bench.ask(Register.SET_STATE, b"\0").status == READY
    assert state(bench) == State.READY
    assert bench.ask(Register.SET_MODE, bytes([1, 0])).status == NOT_READY
    assert state(bench) == State.CONFIG_CHANGED
    bench.ask(Register.SET_STATE, b"\0")
    assert state(bench) == State.READY


def test_one_joint_off_makes_the_arm_unready(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.ENABLE, bytes([3, 0]))
    bench.ask(Register.SET_STATE, b"\0")
    assert not bench.box.status.is_ready
    bench.ask(Register.ENABLE, bytes([3, 1]))
    bench.ask(Register.SET_STATE, b"\0")
    assert bench.box.status.is_ready


def test_opening_a_brake_takes_the_joint_out_of_control(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.BRAKE, bytes([2, 1]))
    assert not bench.box.status.is_ready


@pytest.mark.parametrize(
    ("register", "parameters"),
    [
        (Register.SET_MODE, bytes([3, 0])),
        (Register.SET_STATE, bytes([1])),
        (Register.ENABLE, bytes([9, 1])),
        (Register.ENABLE, b""),
        (Register.SERVO_JOINT, bytes(8)),
        (Register.COLLISION_SENSITIVITY, bytes([6])),
        (Register.TCP_OFFSET, struct.pack("<6f", np.inf, 0, 0, 0, 0, 0)),
        (Register.JOINT_JERK, struct.pack("<f", -1.0)),
        (Register.SLEEP, struct.pack("<f", -1.0)),
        (Register.BOX_SET_ANALOG_1, struct.pack(">H", 4096)),
        (Register.BOX_INPUT_FUNCTION, bytes([16, 0])),
        (Register.HOME, struct.pack("<3f", 0.0, 1.0, 0.0)),
    ],
)
def test_bad_parameter_is_a_warning(bench: Bench, register: Register, parameters: bytes) -> None:
    bench.ready()
    assert bench.ask(register, parameters).status & Status.WARNING
    assert error(bench) == (0, WarningCode.BAD_PARAMETER)
    assert bench.ask(Register.CLEAR_WARNING).status & Status.WARNING == 0
    assert error(bench) == (0, 0)


def test_unknown_register_is_a_warning(bench: Bench) -> None:
    bench.ready()
    assert bench.ask(251).status == Status.WARNING
    assert error(bench) == (0, WarningCode.UNKNOWN_COMMAND)


def test_nan_is_a_warning_and_moves_nothing(bench: Bench) -> None:
    bench.ready(mode=1)
    bench.ask(Register.SERVO_JOINT, fp32(*[np.nan] * 7, 0, 0, 0))
    before = bench.box.status.setpoint
    bench.tick(10)
    assert error(bench)[1] == WarningCode.BAD_PARAMETER
    assert bench.box.status.setpoint == pytest.approx(before, abs=1e-12)


def test_motion_is_reported_until_it_ends(bench: Bench) -> None:
    bench.ready()
    assert move(bench, 0, 0.2) == READY
    bench.tick()
    assert state(bench) == State.MOVING
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\1"
    bench.tick_until_still()
    assert state(bench) == State.READY
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\0"
    assert bench.plant.positions[0] == pytest.approx(0.2, abs=1e-4)


def test_stop_brakes_drops_the_queue_and_needs_state_0(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.ask(Register.SET_STATE, bytes([4]))
    assert state(bench) == State.STOPPED
    bench.setpoints.clear()
    bench.tick(100)
    velocities = np.diff(bench.setpoints, axis=0)[:, 0] / 0.004
    assert velocities[0] > 0.5
    assert np.abs(np.diff(velocities)).max() <= bench.box._machine.model.max_acceleration * 0.004 + 1e-9
    assert velocities[-1] == 0.0
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\0"
    assert move(bench, 0, 1.0) == NOT_READY
    bench.ask(Register.SET_STATE, b"\0")
    resting = bench.plant.positions.copy()
    bench.tick(50)
    assert bench.plant.positions == pytest.approx(resting)


def test_pause_rests_on_the_path_and_resumes(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.ask(Register.SET_STATE, bytes([3]))
    bench.tick(100)
    assert state(bench) == State.PAUSED
    paused = bench.plant.positions.copy()
    bench.tick(100)
    assert bench.plant.positions == pytest.approx(paused, abs=1e-6)
    assert 0.1 < paused[0] < 0.9
    bench.ask(Register.SET_STATE, b"\0")
    bench.tick_until_still()
    assert bench.plant.positions[0] == pytest.approx(1.0, abs=1e-4)


def test_decelerated_stop_passes_through_state_6(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.ask(Register.SET_STATE, bytes([6]))
    assert state(bench) == State.STOPPING
    bench.tick(100)
    assert state(bench) == State.STOPPED
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\0"


def test_mode_change_in_motion_brakes_and_waits(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.ask(Register.SET_MODE, bytes([1, 0]))
    assert state(bench) == State.CONFIG_CHANGED
    bench.tick(100)
    resting = bench.plant.positions.copy()
    bench.tick(10)
    assert bench.plant.positions.tolist() == resting.tolist()
    assert 0.1 < resting[0] < 0.9


def test_getting_ready_while_still_braking_does_not_jump(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.ask(Register.SET_STATE, bytes([4]))
    bench.ask(Register.SET_STATE, b"\0")
    bench.setpoints.clear()
    move(bench, 0, -0.5)
    bench.tick_until_still()
    velocities = np.diff(bench.setpoints, axis=0) / 0.004
    assert np.abs(np.diff(velocities, axis=0)).max() <= bench.box._machine.model.max_acceleration * 0.004 + 1e-9


def test_target_out_of_limits_is_c23_and_can_be_cleared(bench: Bench) -> None:
    bench.ready()
    before = bench.plant.positions.copy()
    bench.ask(Register.JOINT, fp32(0, 3.0, 0, 0, 0, 0, 0, 1.0, 10.0, 0.0))
    bench.tick(5)
    assert error(bench)[0] == ErrorCode.JOINT_LIMIT
    assert "joint 2 at 3.0000 rad" in bench.box.status.reason
    assert state(bench) == State.STOPPED
    assert bench.plant.positions.tolist() == before.tolist()
    reply = bench.ask(Register.SET_STATE, b"\0")
    assert reply.status == Status.ERROR | Status.NOT_READY
    assert bench.ask(Register.CLEAR_ERROR).status == NOT_READY
    bench.ready()
    assert error(bench) == (0, 0)


def test_pose_out_of_reach_is_c21(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.LINE, fp32(1500, 0, 200, np.pi, 0, 0, 100, 1000, 0, -1), bytes([0, 0, 0]))
    bench.tick()
    assert error(bench)[0] == ErrorCode.KINEMATICS


def test_move_can_be_checked_without_moving(bench: Bench) -> None:
    bench.ready()
    beyond = bench.ask(Register.JOINT, fp32(0, 3.0, 0, 0, 0, 0, 0, 1.0, 10.0, 0.0), bytes([1]))
    within = bench.ask(Register.HOME, fp32(1.0, 10.0, 0.0), bytes([1]))
    assert (beyond.status, beyond.data[2]) == (READY, ErrorCode.JOINT_LIMIT)
    assert (within.status, within.data[2]) == (READY, 0)
    bench.tick(5)
    assert state(bench) == State.READY
    assert error(bench)[0] == 0


def test_queued_move_in_servo_mode_is_invalid(bench: Bench) -> None:
    bench.ready(mode=1)
    assert move(bench, 0, 0.1) == Status.INVALID
    bench.ready(mode=0)
    assert bench.ask(Register.SERVO_JOINT, fp32(*[0] * 10)).status == Status.INVALID


def test_full_queue_is_a_warning(bench: Bench) -> None:
    bench.ready()
    for _ in range(2048):
        bench.ask(Register.SLEEP, fp32(1.0))
    assert error(bench)[1] == 0
    bench.ask(Register.SLEEP, fp32(1.0))
    assert error(bench)[1] == WarningCode.QUEUE_FULL
    assert bench.ask(Register.QUEUE_LENGTH).data == struct.pack(">H", 2048)


@pytest.mark.parametrize(
    ("register", "parameters"),
    [
        (Register.TCP_OFFSET, struct.pack("<6f", 0, 0, 172, 0, 0, 0)),
        (Register.COLLISION_SENSITIVITY, bytes([2])),
        (Register.TEACH_SENSITIVITY, bytes([2])),
        (Register.GRAVITY_DIRECTION, struct.pack("<3f", 0, 0, -1)),
        (Register.WORLD_OFFSET, struct.pack("<6f", 0, 0, 0, 0, 0, 0)),
        (Register.CLEAN_CONFIGURATION, b""),
    ],
)
def test_settings_that_stop_the_arm(bench: Bench, register: Register, parameters: bytes) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(100)
    bench.ask(register, parameters)
    assert state(bench) == State.CONFIG_CHANGED
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\0"


def test_safety_boundary_is_c35(bench: Bench) -> None:
    bench.ready()
    y_limit = 30
    bench.ask(Register.TCP_BOUNDARY, struct.pack("<6i", 900, -900, y_limit, -900, 900, -900))
    bench.ask(Register.FENCE, b"\1")
    move(bench, 0, 1.0)
    bench.tick(500)
    assert error(bench)[0] == ErrorCode.SAFETY_BOUNDARY
    assert bench.box._machine.settings.wire_pose(bench.box._machine.model, bench.plant.positions)[1] < y_limit + 15


def test_reduced_joint_range_is_c23(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.REDUCED_JOINT_RANGE, fp32(-0.3, 0.3, *[-6.0, 6.0] * 6))
    bench.ask(Register.SET_REDUCED_MODE, b"\1")
    move(bench, 0, 1.0)
    bench.tick(500)
    assert error(bench)[0] == ErrorCode.JOINT_LIMIT
    assert bench.plant.positions[0] < 0.35


def test_reduced_mode_limits_the_speed(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.REDUCED_JOINT_SPEED, fp32(0.1))
    bench.ask(Register.SET_REDUCED_MODE, b"\1")
    move(bench, 0, 0.3, speed=3.0)
    bench.tick_until_still()
    assert bench.box.audit.peaks.plant_velocity == pytest.approx(0.1, abs=0.005)


def test_collision_stops_where_the_arm_is(bench: Bench) -> None:
    bench.ready()
    move(bench, 0, 1.0)
    bench.tick(150)
    bench.plant.contact_torques = np.full_like(bench.plant.positions, 0.0)
    bench.plant.contact_torques[0] = -50.0
    bench.tick(5)
    assert error(bench)[0] == ErrorCode.COLLISION
    assert "joint 1 with 50.0 N m, above 35.0 N m (sensitivity 3)" in bench.box.status.reason
    bench.tick(60)
    assert bench.box.status.setpoint == pytest.approx(bench.plant.positions, abs=1e-3)


def test_short_contact_and_lower_sensitivity_are_no_collision(bench: Bench) -> None:
    bench.ready()
    bench.plant.contact_torques[0] = 50.0
    bench.tick(4)
    bench.plant.contact_torques[0] = 0.0
    bench.tick(1)
    bench.plant.contact_torques[0] = 50.0
    bench.tick(4)
    assert error(bench)[0] == 0
    bench.ask(Register.COLLISION_SENSITIVITY, bytes([1]))
    bench.ask(Register.SET_STATE, b"\0")
    bench.tick(50)
    assert error(bench)[0] == 0


def test_measured_over_speed_is_c30(bench: Bench) -> None:
    bench.ready(mode=2)
    for _ in range(10):
        # A hand throws the arm around.
        bench.plant.positions = bench.plant.positions + 0.02
        bench.plant.velocities = bench.plant.velocities + 5.0
        fault = bench.box._machine._monitor.check(bench.plant, 3)
    assert fault is not None
    assert fault.code is ErrorCode.FEEDBACK_SPEED


def test_teach_mode_follows_the_hand_and_holds_afterwards(bench: Bench) -> None:
    bench.ready(mode=2)
    assert bench.plant.is_free
    bench.plant.positions = bench.plant.positions + 0.1
    bench.tick(2)
    led = bench.plant.positions.copy()
    bench.ask(Register.SET_MODE, bytes([0, 0]))
    assert not bench.plant.is_free
    bench.tick(20)
    assert bench.plant.positions == pytest.approx(led, abs=1e-3)


def test_enabling_takes_the_arm_where_it_stands(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.ENABLE, bytes([8, 0]))
    bench.plant.positions = bench.plant.positions + 0.3
    moved = bench.plant.positions.copy()
    bench.ready()
    bench.tick(20)
    assert bench.plant.positions == pytest.approx(moved, abs=1e-6)
