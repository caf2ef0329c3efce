"""Settings: registers 5, 31 to 40, 47 to 53, 58 to 60, 70, 73, 77, 78, 80, 232 and 233."""

import struct
from collections.abc import Callable

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.codes import BadParameterError
from zr0_sim.box.handlers.context import Call, Handler
from zr0_sim.box.handlers.moves import enqueue
from zr0_sim.box.registers import Register
from zr0_sim.box.settings import Settings
from zr0_sim.box.wire import put_floats, require, take_floats, take_int32, take_u8


def _setter(apply: Callable[[Settings, bytes], None], *, resets: bool = False) -> Handler:
    """Make a handler that changes settings and, if it `resets`, stops the arm until state 0."""

    def handle(call: Call) -> bytes:
        apply(call.machine.settings, call.data)
        if resets:
            call.machine.reconfigure()
        return b""

    return handle


def _floats(name: str, count: int) -> Callable[[Settings, bytes], None]:
    def apply(settings: Settings, data: bytes) -> None:
        setattr(settings, name, _finite(take_floats(data, count)))

    return apply


def _positive(name: str) -> Callable[[Settings, bytes], None]:
    def apply(settings: Settings, data: bytes) -> None:
        setattr(settings, name, _positive_float(name, data))

    return apply


def _flag(name: str) -> Callable[[Settings, bytes], None]:
    def apply(settings: Settings, data: bytes) -> None:
        setattr(settings, name, take_u8(data) != 0)

    return apply


def _level(name: str) -> Callable[[Settings, bytes], None]:
    def apply(settings: Settings, data: bytes) -> None:
        level = take_u8(data)
        if level > 5:
            raise BadParameterError(f"{name} is {level}, expected 0 to 5")
        setattr(settings, name, level)

    return apply


def _load(call: Call) -> bytes:
    """Change the load when the motions queued before are done."""
    load = _finite(take_floats(call.data, 4))
    return enqueue(call, None, check=0, trigger=lambda: setattr(call.machine.settings, "load", load))


def _tcp_boundary(settings: Settings, data: bytes) -> None:
    x_max, x_min, y_max, y_min, z_max, z_min = (take_int32(data, 4 * index) for index in range(6))
    settings.reduced.tcp_boundary = (x_max, x_min, y_max, y_min, z_max, z_min)


def _reduced_mode(settings: Settings, data: bytes) -> None:
    settings.reduced.is_on = take_u8(data) != 0


def _fence(settings: Settings, data: bytes) -> None:
    settings.reduced.is_fence_on = take_u8(data) != 0


def _rebound(settings: Settings, data: bytes) -> None:
    settings.reduced.is_collision_rebound_on = take_u8(data) != 0


def _reduced_tcp_speed(settings: Settings, data: bytes) -> None:
    settings.reduced.tcp_speed = _positive_float("reduced TCP speed", data)


def _reduced_joint_speed(settings: Settings, data: bytes) -> None:
    settings.reduced.joint_speed = _positive_float("reduced joint speed", data)


def _reduced_joint_range(settings: Settings, data: bytes) -> None:
    settings.reduced.joint_range = _finite(take_floats(data, 14))


def _get_reduced_mode(call: Call) -> bytes:
    return bytes([call.machine.settings.reduced.is_on])


def _get_reduced_states(call: Call) -> bytes:
    reduced = call.machine.settings.reduced
    return (
        struct.pack(">B6h", reduced.is_on, *reduced.tcp_boundary)
        + put_floats(np.array([reduced.tcp_speed, reduced.joint_speed]))
        + put_floats(reduced.joint_range)
        + bytes([reduced.is_fence_on, reduced.is_collision_rebound_on])
    )


def _collision_tool(settings: Settings, data: bytes) -> None:
    """Read fp32 parameters, then the tool type as the last byte."""
    require(data, 1)
    settings.collision_tool_type = data[-1]
    parameters = np.zeros(6)
    count = min(len(data) // 4, 6)
    parameters[:count] = take_floats(data, count)
    settings.collision_tool_parameters = parameters


def _clean(call: Call) -> bytes:
    call.machine.settings = Settings()
    call.machine.reconfigure()
    return b""


def _set_common(call: Call) -> bytes:
    call.machine.settings.common[take_u8(call.data)] = call.data[1:]
    return b""


def _get_common(call: Call) -> bytes:
    return call.machine.settings.common.get(take_u8(call.data), bytes(4))


def _get_torque_or_current(call: Call) -> bytes:
    return bytes([call.machine.settings.is_current_reported])


def _finite(values: FloatArray) -> FloatArray:
    if not np.isfinite(values).all():
        raise BadParameterError(f"a parameter is infinite: {values.tolist()}")
    return values


def _positive_float(name: str, data: bytes) -> float:
    value = float(take_floats(data, 1)[0])
    if not 0.0 < value < np.inf:
        raise BadParameterError(f"{name} is {value}, expected a finite number above 0")
    return value


HANDLERS: dict[Register, Handler] = {
    Register.TORQUE_OR_CURRENT_REPORTED: _get_torque_or_current,
    Register.REPORT_TORQUE_OR_CURRENT: _setter(_flag("is_current_reported")),
    Register.TCP_JERK: _setter(_positive("tcp_jerk")),
    Register.TCP_MAX_ACCELERATION: _setter(_positive("tcp_max_acceleration")),
    Register.JOINT_JERK: _setter(_positive("joint_jerk")),
    Register.JOINT_MAX_ACCELERATION: _setter(_positive("joint_max_acceleration")),
    Register.TCP_OFFSET: _setter(_floats("tcp_offset", 6), resets=True),
    Register.LOAD: _load,
    Register.COLLISION_SENSITIVITY: _setter(_level("collision_sensitivity"), resets=True),
    Register.TEACH_SENSITIVITY: _setter(_level("teach_sensitivity"), resets=True),
    Register.CLEAN_CONFIGURATION: _clean,
    Register.SAVE_CONFIGURATION: lambda _: b"",
    Register.GRAVITY_DIRECTION: _setter(_floats("gravity", 3), resets=True),
    Register.WORLD_OFFSET: _setter(_floats("world_offset", 6), resets=True),
    Register.REDUCED_TCP_SPEED: _setter(_reduced_tcp_speed),
    Register.REDUCED_JOINT_SPEED: _setter(_reduced_joint_speed),
    Register.GET_REDUCED_MODE: _get_reduced_mode,
    Register.SET_REDUCED_MODE: _setter(_reduced_mode),
    Register.TCP_BOUNDARY: _setter(_tcp_boundary),
    Register.GET_REDUCED_STATES: _get_reduced_states,
    Register.REDUCED_JOINT_RANGE: _setter(_reduced_joint_range),
    Register.FENCE: _setter(_fence),
    Register.COLLISION_REBOUND: _setter(_rebound),
    Register.SELF_COLLISION_CHECK: _setter(_flag("is_self_collision_check_on")),
    Register.COLLISION_TOOL: _setter(_collision_tool),
    Register.CARTESIAN_VELOCITY_CONTINUOUS: _setter(_flag("is_cartesian_velocity_continuous")),
    Register.SET_COMMON_PARAMETER: _set_common,
    Register.GET_COMMON_PARAMETER: _get_common,
}
