"""Planned motions (modes 0, 6 and 7): registers 21 to 28, 83 and 92."""

import struct
from collections.abc import Callable

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import (
    MILLIMETRES,
    pose_from_transform,
    transform_from_axis_angle_pose,
    transform_from_pose,
)
from zr0_sim.box.codes import BadParameterError, MotionFaultError, RefusedError, WarningCode
from zr0_sim.box.generators import CartesianOnline, JointOnline
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.machine import Machine
from zr0_sim.box.paths import CirclePath, DwellPath, JointPath, LinePath, Path
from zr0_sim.box.registers import Register
from zr0_sim.box.task_queue import Task
from zr0_sim.box.wire import take_floats, take_u8

Plan = Callable[[FloatArray], Path]


def _line(call: Call) -> bytes:
    if len(call.data) < 43:
        pose, speed, acceleration = _pose_and_limits(call.data)
        return _move_tool(call, _absolute(pose), speed, acceleration, check_at=36)
    pose, speed, acceleration = _pose_and_limits(call.data)
    in_tool_frame, is_axis_angle = take_u8(call.data, 40), take_u8(call.data, 41)
    goal = _tool_goal(pose, in_tool_frame=bool(in_tool_frame), is_axis_angle=bool(is_axis_angle), is_relative=False)
    return _move_tool(call, goal, speed, acceleration, check_at=42)


def _line_blend(call: Call) -> bytes:
    pose, speed, acceleration = _pose_and_limits(call.data)
    return _move_tool(call, _absolute(pose), speed, acceleration, check_at=40)


def _line_tool(call: Call) -> bytes:
    pose, speed, acceleration = _pose_and_limits(call.data)
    goal = _tool_goal(pose, in_tool_frame=True, is_axis_angle=False, is_relative=False)
    return _move_tool(call, goal, speed, acceleration, check_at=36)


def _line_axis_angle(call: Call) -> bytes:
    pose, speed, acceleration = _pose_and_limits(call.data)
    goal = _tool_goal(
        pose,
        in_tool_frame=bool(take_u8(call.data, 36)),
        is_axis_angle=True,
        is_relative=bool(take_u8(call.data, 37)),
    )
    return _move_tool(call, goal, speed, acceleration, check_at=38)


def _relative(call: Call) -> bytes:
    values = take_floats(call.data, 11)
    is_joint, is_axis_angle = bool(take_u8(call.data, 44)), bool(take_u8(call.data, 45))
    speed, acceleration = _limits(values[7], values[8])
    if is_joint:
        change = values[: call.machine.model.num_joints]
        return _move_joints(call, lambda now: now + change, speed, acceleration, check_at=46)
    goal = _tool_goal(values[:6], in_tool_frame=False, is_axis_angle=is_axis_angle, is_relative=True)
    return _move_tool(call, goal, speed, acceleration, check_at=46)


def _joint(call: Call) -> bytes:
    values = take_floats(call.data, 10)
    speed, acceleration = _limits(values[7], values[8])
    wanted = values[: call.machine.model.num_joints]
    return _move_joints(
        call,
        lambda now: np.where(np.isinf(wanted), now, wanted),
        speed,
        acceleration,
        check_at=40,
    )


def _home(call: Call) -> bytes:
    values = take_floats(call.data, 3)
    speed, acceleration = _limits(values[0], values[1])
    return _move_joints(call, np.zeros_like, speed, acceleration, check_at=12)


def _sleep(call: Call) -> bytes:
    duration = float(take_floats(call.data, 1)[0])
    if not 0.0 <= duration < 1e6:
        raise BadParameterError(f"sleep time is {duration} s, expected 0 or more")
    return enqueue(call, lambda _: DwellPath(duration), check=0)


def _circle(call: Call) -> bytes:
    values = take_floats(call.data, 16)
    speed, acceleration = _limits(values[12], values[13])
    percent = float(values[15])
    if not 0.0 < percent < 1e5:
        raise BadParameterError(f"circle percentage is {percent}, expected more than 0")
    in_tool_frame = len(call.data) > 64 and bool(call.data[64])
    machine = call.machine

    def plan(now: FloatArray) -> Path:
        start = machine.settings.tool_pose(machine.model, now)
        points = [values[:3] / MILLIMETRES, values[6:9] / MILLIMETRES]
        if in_tool_frame:
            points = [start[:3, :3] @ point + start[:3, 3] for point in points]
        return CirclePath(
            machine.model,
            machine.settings,
            start,
            *points,
            percent=percent,
            speed=speed,
            acceleration=acceleration,
            jerk=machine.settings.tcp_jerk,
        )

    return enqueue(call, plan, check=_check_byte(call.data, 66))


def _move_joints(
    call: Call,
    goal_of: Callable[[FloatArray], FloatArray],
    speed: float,
    acceleration: float,
    *,
    check_at: int,
) -> bytes:
    machine = call.machine
    fastest = machine.settings.reduced.joint_speed if machine.settings.reduced.is_on else machine.model.max_velocity
    speed, acceleration = min(speed, fastest), min(acceleration, machine.settings.joint_max_acceleration)

    def plan(now: FloatArray) -> Path:
        goal = goal_of(now)
        machine.model.check_limits(goal)
        return JointPath(now, goal, speed=speed, acceleration=acceleration, jerk=machine.settings.joint_jerk)

    if machine.is_ready and isinstance(machine.generator, JointOnline):
        goal = goal_of(machine.setpoint)
        machine.model.check_limits(goal)
        machine.generator.command(goal, speed=speed, acceleration=acceleration)
        return struct.pack(">HB", 0, 0)
    return enqueue(call, plan, check=_check_byte(call.data, check_at))


def _move_tool(
    call: Call,
    goal_of: Callable[[FloatArray], FloatArray],
    speed: float,
    acceleration: float,
    *,
    check_at: int,
) -> bytes:
    machine = call.machine
    fastest = machine.settings.reduced.tcp_speed if machine.settings.reduced.is_on else 1000.0
    speed, acceleration = min(speed, fastest), min(acceleration, machine.settings.tcp_max_acceleration)

    def plan(now: FloatArray) -> Path:
        start = machine.settings.tool_pose(machine.model, now)
        goal = goal_of(start)
        machine.model.solve_anew(machine.settings.flange_pose(goal), now)
        return LinePath(
            machine.model,
            machine.settings,
            start,
            goal,
            speed=speed,
            acceleration=acceleration,
            jerk=machine.settings.tcp_jerk,
        )

    if machine.is_ready and isinstance(machine.generator, CartesianOnline):
        goal = goal_of(machine.generator.target)
        machine.model.solve_anew(machine.settings.flange_pose(goal), machine.setpoint)
        generator = machine.generator
        generator.command(goal, speed=speed / MILLIMETRES, acceleration=acceleration / MILLIMETRES)
        return struct.pack(">HB", 0, 0)
    return enqueue(call, plan, check=_check_byte(call.data, check_at))


def enqueue(
    call: Call,
    plan: Plan | None,
    *,
    check: int,
    trigger: Callable[[], None] | None = None,
) -> bytes:
    """Queue a command, or with `check` above 0 only find out whether it could be planned from the present setpoint.

    Raises:
        RefusedError: The box is not in position mode.
    """
    machine = call.machine
    if not machine.is_ready:
        return struct.pack(">HB", 0, 0)
    if machine.generator is not machine.queue:
        raise RefusedError(f"mode {machine.mode.value} does not take this command; set the mode, then state 0")
    if check:
        return struct.pack(">HB", len(machine.queue), _would_fail(plan, machine))
    if machine.queue.is_full:
        machine.warn(WarningCode.QUEUE_FULL, "the queue is full; wait for motions to finish")
        return struct.pack(">HB", len(machine.queue), 0)
    machine.queue.push(
        Task(
            number=machine.next_task_number(),
            request=call.request,
            send=call.client.send,
            feedback=call.client.feedback,
            plan=plan,
            trigger=trigger,
        )
    )
    return struct.pack(">HB", len(machine.queue), 0)


def _would_fail(plan: Plan | None, machine: Machine) -> int:
    try:
        if plan is not None:
            plan(machine.setpoint)
    except MotionFaultError as error:
        return int(error.code)
    return 0


def _check_byte(data: bytes, offset: int) -> int:
    return data[offset] if len(data) > offset else 0


def _pose_and_limits(data: bytes) -> tuple[FloatArray, float, float]:
    """Read a pose (6,) on the wire, speed in mm/s and acceleration in mm/s^2."""
    values = take_floats(data, 9)
    speed, acceleration = _limits(values[6], values[7])
    return values[:6], speed, acceleration


def _limits(speed: float, acceleration: float) -> tuple[float, float]:
    if not (0.0 < speed < np.inf and 0.0 < acceleration < np.inf):
        raise BadParameterError(f"speed {speed} and acceleration {acceleration} must be above 0")
    return float(speed), float(acceleration)


def _absolute(pose: FloatArray) -> Callable[[FloatArray], FloatArray]:
    return _tool_goal(pose, in_tool_frame=False, is_axis_angle=False, is_relative=False)


def _tool_goal(
    pose: FloatArray, *, in_tool_frame: bool, is_axis_angle: bool, is_relative: bool
) -> Callable[[FloatArray], FloatArray]:
    """Build the function from the tool transform (4, 4), m, at the start to the one at the end.

    Infinite components of `pose` keep what they are at the start.
    """
    convert = transform_from_axis_angle_pose if is_axis_angle else transform_from_pose

    def goal(start: FloatArray) -> FloatArray:
        if in_tool_frame:
            return start @ convert(np.where(np.isinf(pose), 0.0, pose))
        present = pose_from_transform(start)
        if is_relative and not is_axis_angle:
            return transform_from_pose(present + np.where(np.isinf(pose), 0.0, pose))
        if is_relative:
            turn = convert(np.where(np.isinf(pose), 0.0, pose))
            moved = np.eye(4)
            moved[:3, :3] = turn[:3, :3] @ start[:3, :3]
            moved[:3, 3] = start[:3, 3] + turn[:3, 3]
            return moved
        return convert(np.where(np.isinf(pose), present, pose))

    return goal


HANDLERS: dict[Register, Handler] = {
    Register.LINE: _line,
    Register.LINE_BLEND: _line_blend,
    Register.LINE_TOOL: _line_tool,
    Register.LINE_AXIS_ANGLE: _line_axis_angle,
    Register.RELATIVE: _relative,
    Register.JOINT: _joint,
    Register.JOINT_BLEND: _joint,
    Register.HOME: _home,
    Register.SLEEP: _sleep,
    Register.CIRCLE: _circle,
}
