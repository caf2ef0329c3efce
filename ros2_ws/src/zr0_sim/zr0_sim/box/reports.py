"""The state reports that the box pushes: port 30001 normal, 30002 rich, 30003 real-time.

Layout (byte offsets): 0 u32 size, 4 state | mode << 4, 5 u16 queue length, 7 joints, 35 pose, 59 torques; then, on
30003, 87 external and 111 raw force; on 30001 and 30002, 87 brake, 88 enable, 89 error, 90 warning, 91 tool offset,
115 load, 131 sensitivities, 133 gravity; on 30002 what follows in `_rich`.
"""

import struct

import numpy as np
from zr0_core.kinematics import rotation_vector

from zr0_sim.box.arm_model import pose_from_transform
from zr0_sim.box.handlers.context import Context
from zr0_sim.box.machine import Machine
from zr0_sim.box.wire import put_floats

NORMAL_PORT, RICH_PORT, REAL_PORT = 30001, 30002, 30003
PERIODS = {NORMAL_PORT: 0.2, RICH_PORT: 0.2, REAL_PORT: 0.01}
"""Time between reports, s."""
SIZES = {NORMAL_PORT: 145, RICH_PORT: 587, REAL_PORT: 135}
"""Bytes of a report."""

JOINT_FIELDS = 7
TEMPERATURE, VOLTAGE = 30, 4800
"""What every joint reports: degrees Celsius, and hundredths of a volt."""


def encode_report(context: Context, port: int) -> bytes:
    """Build the report for a port from the present state. The caller holds the box's lock."""
    machine = context.machine
    tool = machine.settings.tool_pose(machine.model, machine.plant.positions)
    body = (
        struct.pack(">BH", machine.state | machine.mode << 4, len(machine.queue))
        + put_floats(machine.plant.positions, JOINT_FIELDS)
        + put_floats(pose_from_transform(tool))
        + put_floats(machine.plant.efforts, JOINT_FIELDS)
    )
    if port == REAL_PORT:
        body += bytes(48)
    else:
        body += _normal(machine)
    if port == RICH_PORT:
        body += _rich(context, put_floats(rotation_vector(tool[:3, :3])))
    return struct.pack(">I", 4 + len(body)) + body


def _normal(machine: Machine) -> bytes:
    settings = machine.settings
    return (
        # A joint is held either by its drive or by its brake; both bits show that the drive does.
        bytes([machine.enabled, machine.enabled, machine.error, machine.warning])
        + put_floats(settings.tcp_offset)
        + put_floats(settings.load)
        + bytes([settings.collision_sensitivity, settings.teach_sensitivity])
        + put_floats(settings.gravity)
    )


def _rich(context: Context, axis_angle: bytes) -> bytes:
    machine, model, settings = context.machine, context.machine.model, context.machine.settings
    reduced = settings.reduced
    tcp_limits = (settings.tcp_jerk, 1.0, settings.tcp_max_acceleration, 0.1, 1000.0)
    joint_limits = (settings.joint_jerk, 0.01, settings.joint_max_acceleration, 0.0001, model.max_velocity)
    rotation_limits = (2.3, 2.7)
    speed = model.flange.jacobian(model.flange.joint_frames(machine.plant.positions)) @ machine.plant.velocities
    configuration = (
        reduced.is_on
        | reduced.is_fence_on << 1
        | settings.is_current_reported << 2
        | settings.is_cartesian_velocity_continuous << 4
    )
    return (
        bytes([model.device_type, model.num_joints, 0xAA, 0x55, 0, 0])
        + model.version(context.firmware).encode().ljust(30, b"\0")
        + put_floats(np.array([*tcp_limits, *joint_limits, *rotation_limits]))
        + bytes(14)  # servo status and error
        + bytes(2)  # tool status and error
        + bytes([TEMPERATURE] * JOINT_FIELDS)
        + put_floats(np.array([np.linalg.norm(speed[:3]) * 1000.0]))
        + put_floats(machine.plant.velocities, JOINT_FIELDS)
        + struct.pack(">I", settings.counter)
        + put_floats(settings.world_offset)
        + bytes([0, 0, 0, settings.is_self_collision_check_on, settings.collision_tool_type])
        + put_floats(settings.collision_tool_parameters)
        + struct.pack(">7H", *[VOLTAGE] * JOINT_FIELDS)
        + bytes(28)  # joint currents
        + context.io.state()
        + bytes(48)  # external and raw force
        + bytes([0])  # progress of identification
        + axis_angle
        + bytes([configuration, reduced.is_on])
        + struct.pack(">6h", *reduced.tcp_boundary)
        + put_floats(np.array([reduced.tcp_speed, reduced.joint_speed]))
        + put_floats(reduced.joint_range)
        + bytes([reduced.is_fence_on, reduced.is_collision_rebound_on])
        + bytes(13)  # alarm, switches, monitored device
    )
