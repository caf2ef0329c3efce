"""Pose, joints and kinematics: registers 41 to 46, 55, 76 and 91."""

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import (
    axis_angle_pose_from_transform,
    inverse_transform,
    pose_from_transform,
    transform_from_axis_angle_pose,
    transform_from_pose,
)
from zr0_sim.box.codes import MotionFaultError, RefusedError
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.machine import Machine
from zr0_sim.box.registers import Register
from zr0_sim.box.wire import put_floats, take_floats, take_u8

JOINT_FIELDS = 7
"""Joint vectors have 7 components on the wire, whatever the arm."""


def _get_pose(call: Call) -> bytes:
    return put_floats(call.machine.settings.wire_pose(call.machine.model, call.machine.plant.positions))


def _get_pose_axis_angle(call: Call) -> bytes:
    machine = call.machine
    tool = machine.settings.tool_pose(machine.model, machine.plant.positions)
    return put_floats(axis_angle_pose_from_transform(tool))


def _get_joints(call: Call) -> bytes:
    """Answer positions; with a count n: positions, velocities and efforts, the first n of them."""
    plant = call.machine.plant
    count = take_u8(call.data) & 0x0F if call.data else 1
    vectors = (plant.positions, plant.velocities, plant.efforts)[:count]
    return b"".join(put_floats(vector, JOINT_FIELDS) for vector in vectors)


def _torques(call: Call) -> bytes:
    return put_floats(call.machine.plant.efforts, JOINT_FIELDS)


def _forward(call: Call) -> bytes:
    machine = call.machine
    positions = take_floats(call.data, JOINT_FIELDS)[: machine.model.num_joints]
    return put_floats(machine.settings.wire_pose(machine.model, positions))


def _inverse(call: Call) -> bytes:
    """Answer joint positions for a pose: u8 whether limits count (they always do here), then 7 seeds, may follow."""
    machine = call.machine
    pose = take_floats(call.data, 6)
    seed = machine.setpoint
    if len(call.data) >= 25 + 4 * JOINT_FIELDS:
        seed = take_floats(call.data, JOINT_FIELDS, 25)[: machine.model.num_joints]
    try:
        return put_floats(_solve(machine, pose, seed), JOINT_FIELDS)
    except MotionFaultError as error:
        raise RefusedError(str(error)) from error


def _is_joint_limit(call: Call) -> bytes:
    machine = call.machine
    positions = take_floats(call.data, JOINT_FIELDS)[: machine.model.num_joints]
    return bytes([not machine.model.is_within_limits(positions)])


def _is_tcp_limit(call: Call) -> bytes:
    machine = call.machine
    try:
        _solve(machine, take_floats(call.data, 6), machine.setpoint)
    except MotionFaultError:
        return bytes([1])
    return bytes([0])


def _pose_offset(call: Call) -> bytes:
    """Answer the second pose as seen from the first; each in and out as rpy or rotation vector."""
    values = take_floats(call.data, 12)
    kinds = take_u8(call.data, 48), take_u8(call.data, 49)
    read = transform_from_axis_angle_pose if kinds[0] else transform_from_pose
    write = axis_angle_pose_from_transform if kinds[1] else pose_from_transform
    return put_floats(write(inverse_transform(read(values[:6])) @ read(values[6:])))


def _solve(machine: Machine, pose: FloatArray, seed: FloatArray) -> FloatArray:
    if not np.isfinite(pose).all():
        raise RefusedError(f"pose has infinite components: {pose.tolist()}")
    return machine.model.solve_anew(machine.settings.flange_pose(transform_from_pose(pose)), seed)


HANDLERS: dict[Register, Handler] = {
    Register.GET_POSE: _get_pose,
    Register.GET_POSE_AXIS_ANGLE: _get_pose_axis_angle,
    Register.GET_JOINTS: _get_joints,
    Register.JOINT_TORQUES: _torques,
    Register.FORWARD_KINEMATICS: _forward,
    Register.INVERSE_KINEMATICS: _inverse,
    Register.IS_JOINT_LIMIT: _is_joint_limit,
    Register.IS_TCP_LIMIT: _is_tcp_limit,
    Register.POSE_OFFSET: _pose_offset,
}
