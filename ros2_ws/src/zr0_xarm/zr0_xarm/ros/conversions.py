"""Between messages and the types of this package."""

import array
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import JointState
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError
from zr0_core.types import ActionChunk, ArmState, FloatArray
from zr0_msgs.msg import ActionChunk as ActionChunkMessage
from zr0_msgs.msg import ControllerStatus

from zr0_xarm.codes import describe_warning
from zr0_xarm.control.lateness import LatenessReport
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ControllerReport, ControllerState

NS_PER_S = 1_000_000_000


def set_stamp(stamp: Any, stamp_ns: int) -> None:
    """Write a time, ns since the epoch, into a `builtin_interfaces/Time`."""
    stamp.sec, stamp.nanosec = divmod(stamp_ns, NS_PER_S)


def chunk_from_message(message: ActionChunkMessage) -> ActionChunk:
    """Read an action chunk.

    Raises:
        MessageError: The number of actions is not horizon x names.
    """
    names = tuple(message.names)
    expected = message.horizon * len(names)
    if not expected or len(message.actions) != expected:
        raise MessageError(
            f"chunk {message.sequence} carries {len(message.actions)} actions, expected horizon {message.horizon} "
            f"x {len(names)} names = {expected}"
        )
    stamp = message.observation_stamp
    return ActionChunk(
        embodiment=message.embodiment,
        embodiment_hash=message.embodiment_hash,
        names=names,
        actions=np.array(message.actions, dtype=np.float64).reshape(message.horizon, len(names)),
        step_period_s=message.step_period,
        observation_stamp_ns=stamp.sec * NS_PER_S + stamp.nanosec,
        sequence=message.sequence,
        num_executed_assumed=message.num_executed_assumed,
    )


def joint_state(stamp_ns: int, frame: str, names: tuple[str, ...], positions: FloatArray) -> JointState:
    """Make a joint state message of positions, rad."""
    message = JointState(name=list(names))
    set_stamp(message.header.stamp, stamp_ns)
    message.header.frame_id = frame
    message.position = array.array("d", positions.tolist())
    return message


def measured_joint_state(arm: ArmState, gripper: float | None, embodiment: Embodiment) -> JointState:
    """Make the measured joint state; without the gripper until it has been read."""
    names, positions = embodiment.joint_names, arm.positions
    if gripper is not None:
        names, positions = embodiment.measured_names, np.append(positions, gripper)
    return joint_state(arm.stamp_ns, embodiment.arm.base_frame, names, positions)


def status_message(
    report: ControllerReport, lateness: LatenessReport, settings: ControllerSettings, now_ns: int
) -> ControllerStatus:
    """Make the controller's status message."""
    message = ControllerStatus(
        state=int(report.state),
        reason=int(report.reason),
        reason_text=report.reason_text,
        motion_mode="dry_run" if settings.is_dry_run else settings.motion_mode.value,
        chunk_sequence=report.chunk_sequence,
        chunk_row=report.chunk_row,
        chunk_rows_left=report.chunk_rows_left,
        num_chunks_accepted=report.num_chunks_accepted,
        num_chunks_refused=report.num_chunks_refused,
        last_refusal=report.last_refusal,
        num_ticks=lateness.num_ticks,
        num_ticks_missed=lateness.num_missed,
        tick_lateness_p50=lateness.p50,
        tick_lateness_max=lateness.max,
    )
    set_stamp(message.header.stamp, now_ns)
    if report.command is not None:
        message.commanded_positions = array.array("d", [*report.command.positions.tolist(), report.gripper_command])
    if report.arm is not None:
        message.arm_mode, message.arm_state = report.arm.mode, report.arm.state
        message.arm_error, message.arm_warning = report.arm.error_code, report.arm.warning_code
        gripper = [] if report.gripper_measured is None else [report.gripper_measured]
        message.measured_positions = array.array("d", [*report.arm.positions.tolist(), *gripper])
    return message


def diagnostics_message(
    report: ControllerReport, lateness: LatenessReport, gripper_problem: str, policy: str, now_ns: int
) -> DiagnosticArray:
    """Make the diagnostics of controller and arm."""
    level = DiagnosticStatus.ERROR if report.state is ControllerState.FAULT else DiagnosticStatus.OK
    text = f"{report.state.name}: {report.reason_text}"
    if level == DiagnosticStatus.OK and (gripper_problem or (report.arm and report.arm.warning_code)):
        level = DiagnosticStatus.WARN
        text = gripper_problem or describe_warning(report.arm.warning_code if report.arm else 0)
    age = (now_ns - report.arm.stamp_ns) / NS_PER_S if report.arm else float("inf")
    values = {
        "report age [s]": f"{age:.4f}",
        "policy": policy or "running",
        "chunks accepted": report.num_chunks_accepted,
        "chunks refused": report.num_chunks_refused,
        "last refusal": report.last_refusal,
        "gripper": gripper_problem or "ok",
        "ticks": lateness.num_ticks,
        "ticks more than 20 ms late": lateness.num_missed,
        "periods skipped": lateness.num_skipped,
        "tick lateness p50 [s]": f"{lateness.p50:.6f}",
        "tick lateness max [s]": f"{lateness.max:.6f}",
    }
    status = DiagnosticStatus(
        level=level,
        name="arm_controller",
        message=text,
        hardware_id="xarm",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    message = DiagnosticArray(status=[status])
    set_stamp(message.header.stamp, now_ns)
    return message


def disconnected_message(settings: ControllerSettings, now_ns: int) -> ControllerStatus:
    """Make the status of a controller that is not configured."""
    message = ControllerStatus(
        state=ControllerStatus.DISCONNECTED,
        reason_text="not configured",
        motion_mode="dry_run" if settings.is_dry_run else settings.motion_mode.value,
        chunk_row=-1,
    )
    set_stamp(message.header.stamp, now_ns)
    return message
