"""Servo targets and velocities (modes 1, 4 and 5): registers 29, 30, 81, 82 and 93."""

from typing import TypeVar

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import MILLIMETRES, transform_from_axis_angle_pose, transform_from_pose
from zr0_sim.box.codes import ErrorCode, MotionFaultError, RefusedError
from zr0_sim.box.generators import CartesianVelocity, Generator, JointVelocity, Servo
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.machine import Machine
from zr0_sim.box.registers import Register
from zr0_sim.box.wire import take_floats, take_int32, take_u8

MAX_SERVO_STEP = 10.0
"""Largest distance between Cartesian servo targets, mm."""

G = TypeVar("G", bound=Generator)


def generator_of(machine: Machine, kind: type[G]) -> G:
    """Return the running generator of a mode.

    Raises:
        RefusedError: The box is in another mode.
    """
    if not isinstance(machine.generator, kind):
        raise RefusedError(f"mode {machine.mode.value} does not take this command; set the mode, then state 0")
    return machine.generator


def _servo_joint(call: Call) -> bytes:
    machine = call.machine
    target = take_floats(call.data, 7)[: machine.model.num_joints]
    if machine.is_ready:
        _servo(machine, target)
    return b""


def _servo_cartesian(call: Call) -> bytes:
    machine = call.machine
    values = take_floats(call.data, 9)
    if not machine.is_ready:
        return b""
    present = _present_tool(machine)
    step = transform_from_pose(values[:6])
    _servo_tool(machine, present, present @ step if values[8] else step)
    return b""


def _servo_axis_angle(call: Call) -> bytes:
    machine = call.machine
    values = take_floats(call.data, 8)
    in_tool_frame, is_relative = take_int32(call.data, 32) != 0, take_u8(call.data, 36) != 0
    if not machine.is_ready:
        return b""
    present = _present_tool(machine)
    step = transform_from_axis_angle_pose(values[:6])
    target = step
    if in_tool_frame:
        target = present @ step
    elif is_relative:
        target = np.eye(4)
        target[:3, :3] = step[:3, :3] @ present[:3, :3]
        target[:3, 3] = present[:3, 3] + step[:3, 3]
    _servo_tool(machine, present, target)
    return b""


def _joint_velocity(call: Call) -> bytes:
    machine = call.machine
    values = take_floats(call.data, 7)
    if machine.is_ready:
        duration = _duration(call.data, 29)
        generator_of(machine, JointVelocity).command(values[: machine.model.num_joints], duration)
    return b""


def _cartesian_velocity(call: Call) -> bytes:
    machine = call.machine
    values = take_floats(call.data, 6)
    in_tool_frame = take_u8(call.data, 24) != 0
    if machine.is_ready:
        twist = np.concatenate([values[:3] / MILLIMETRES, values[3:]])
        generator = generator_of(machine, CartesianVelocity)
        generator.command(twist, in_tool_frame=in_tool_frame, duration=_duration(call.data, 25))
    return b""


def _duration(data: bytes, offset: int) -> float:
    """Read the optional duration, s; none and 0 mean without end."""
    if len(data) < offset + 4:
        return float(np.inf)
    value = float(take_floats(data, 1, offset)[0])
    return value if value > 0.0 else float(np.inf)


def _present_tool(machine: Machine) -> FloatArray:
    """Return the tool transform (4, 4), m, of the newest servo target."""
    return machine.settings.tool_pose(machine.model, generator_of(machine, Servo).target)


def _servo_tool(machine: Machine, present: FloatArray, target: FloatArray) -> None:
    distance = float(np.linalg.norm(target[:3, 3] - present[:3, 3])) * MILLIMETRES
    if distance > MAX_SERVO_STEP * 1.001:
        raise MotionFaultError(
            ErrorCode.SERVO_LINEAR_SPEED,
            f"servo target is {distance:.1f} mm from the one before, expected at most {MAX_SERVO_STEP:.0f} mm",
        )
    seed = generator_of(machine, Servo).target
    _servo(machine, machine.model.solve(machine.settings.flange_pose(target), seed))


def _servo(machine: Machine, target: FloatArray) -> None:
    generator = generator_of(machine, Servo)
    if generator.is_idle:
        # The commands ceased, the arm braked by itself, and stands.
        machine.audit.start_stream()
    machine.audit.record_command(machine.now(), target, machine.setpoint)
    machine.model.check_limits(target)
    generator.target = target


HANDLERS: dict[Register, Handler] = {
    Register.SERVO_JOINT: _servo_joint,
    Register.SERVO_CARTESIAN: _servo_cartesian,
    Register.SERVO_CARTESIAN_AXIS_ANGLE: _servo_axis_angle,
    Register.JOINT_VELOCITY: _joint_velocity,
    Register.CARTESIAN_VELOCITY: _cartesian_velocity,
}
