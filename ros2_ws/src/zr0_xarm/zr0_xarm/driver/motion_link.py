"""The connection that commands the arm and receives its reports."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.kinematics import rpy_from_rotation
from zr0_core.types import FloatArray

from zr0_xarm.driver import sdk
from zr0_xarm.driver.return_codes import REPLY_TIMED_OUT, check
from zr0_xarm.errors import ArmConnectionError, ArmNotReadyError, ArmReplyTimeoutError

MM = 1000.0
REPLY_WAIT = 0.008
"""How long a motion command waits for its answer, s: less than a period of the control loop, which must stay on time.
Answers take 0.3 ms, 6 ms on a busy machine."""
SILENCE_LIMIT = 0.09
"""How long the box may leave commands unanswered, s. Meanwhile it gets no new ones, so the arm stands already."""
SLOW_REPLY_TIMEOUT = 2.0
"""How long any other command waits, s."""
NOT_XARM_TYPES = {9: "Lite 6", 12: "850"}

logger = logging.getLogger(__name__)

Report = tuple[int, FloatArray, int, int]
"""Stamp in ns since the epoch, joint positions (N,) in rad, mode, state."""


class MotionLink:
    """One SDK connection with 100 Hz reports."""

    def __init__(self, embodiment: Embodiment, on_report: Callable[[Report], None]) -> None:
        """Prepare a link; it is opened by `open`.

        Args:
            embodiment: The robot that is expected.
            on_report: Called with every report, from the SDK's thread.
        """
        self._embodiment = embodiment
        self._on_report = on_report
        self._api: Any = None
        self._unanswered_since: float | None = None
        self._reported = threading.Condition()
        self._last: Report | None = None
        self.lower, self.upper = embodiment.lower, embodiment.upper

    @property
    def is_open(self) -> bool:
        """Whether the command socket stands."""
        return self._api is not None and bool(self._api.connected)

    def open(self, ip: str, control_port: int) -> str:
        """Connect, and check that this is the expected arm. Returns what was found, for the log.

        Raises:
            ArmConnectionError: Nothing answers, or another arm does.
        """
        self.close()
        api = sdk.open_connection(ip, control_port, "real")
        try:
            found = self._verify(api)
        except ArmConnectionError:
            api.disconnect()
            raise
        api.set_timeout(SLOW_REPLY_TIMEOUT)
        self._api, self._unanswered_since, self._last = api, None, None
        api.register_report_callback(
            self._take_report,
            report_cartesian=False,
            report_error_code=False,
            report_warn_code=False,
            report_mtable=False,
            report_mtbrake=False,
            report_cmd_num=False,
        )
        return found

    def close(self) -> None:
        """Close the connection; returns when its threads have ended."""
        if self._api is not None:
            self._api.release_report_callback(self._take_report)
            self._api.disconnect()
            self._api = None

    def _verify(self, api: Any) -> str:
        joints = self._embodiment.arm.joints
        if api.device_type in NOT_XARM_TYPES:
            raise ArmConnectionError(f"the arm is a {NOT_XARM_TYPES[api.device_type]}, expected an xArm{len(joints)}")
        if api.axis != len(joints):
            raise ArmConnectionError(
                f"the arm has {api.axis} axes, embodiment {self._embodiment.name} has {len(joints)}; "
                "choose the embodiment of this arm"
            )
        version = tuple(api.version_number)
        if version < (1, 11, 0):
            raise ArmConnectionError(
                f"the control box runs firmware {'.'.join(map(str, version))}, expected 1.11.0 or newer; update it"
            )
        self.lower, self.upper = self._hardware_limits(api)
        return (
            f"xArm{api.axis}, serial number {api.sn}, control box {api.control_box_sn}, "
            f"firmware {'.'.join(map(str, version))}"
        )

    def _hardware_limits(self, api: Any) -> tuple[FloatArray, FloatArray]:
        """Return the joint limits of this very arm, narrower than the embodiment's on newer hardware."""
        number = api.sn[2:6] if api.sn else ""
        is_newer = number.isdigit() and sdk.SECOND_GENERATION <= int(number) < 8500
        kind = int(f"{api.axis}{sdk.SECOND_GENERATION}") if is_newer else api.device_type
        table = sdk.JOINT_LIMITS.get(api.axis, {}).get(kind)
        if table is None:
            raise ArmConnectionError(f"the SDK knows no joint limits of device type {kind} with {api.axis} axes")
        lower, upper = np.array(table, dtype=np.float64).T
        for joint, low, high in zip(self._embodiment.arm.joints, lower, upper, strict=True):
            if low > joint.lower + 1e-3 or high < joint.upper - 1e-3:
                logger.info(
                    "%s of this arm is limited to [%.3f, %.3f] rad, narrower than the embodiment's",
                    joint.name,
                    low,
                    high,
                )
        return lower, upper

    def _take_report(self, item: dict[str, Any]) -> None:
        api = self._api
        if api is None:
            return
        positions = np.array(item["joints"][: len(self._embodiment.arm.joints)])
        report = (time.time_ns(), positions, int(api.mode), int(item["state"]))
        with self._reported:
            self._last = report
            self._reported.notify_all()
        self._on_report(report)

    def wait_for(self, is_wanted: Callable[[Report], bool], timeout: float, what: str) -> None:
        """Wait for a report, received from now on, that shows something.

        Raises:
            ArmNotReadyError: None came.
        """
        start_ns = time.time_ns()
        with self._reported:
            done = self._reported.wait_for(
                lambda: self._last is not None and self._last[0] > start_ns and is_wanted(self._last), timeout
            )
            last = self._last
        if not done:
            seen = f"mode {last[2]} and state {last[3]}" if last else "nothing"
            raise ArmNotReadyError(f"the arm does not report {what} within {timeout} s; it reports {seen}")

    def prepare(self, mode: int) -> None:
        """Set the tool offset, switch the motors on, and enter a mode, ready to move.

        Raises:
            ArmError: The arm refuses, or does not report it.
        """
        tool = self._embodiment.arm.tool_offset
        offset = [*(MM * value for value in tool.xyz), *tool.rpy]
        self._api.set_timeout(SLOW_REPLY_TIMEOUT)
        check(self._api.set_tcp_offset(offset, is_radian=True, wait=False), "setting the tool offset")
        check(self._api.motion_enable(enable=True), "switching the motors on")
        check(self._api.set_mode(mode), f"entering mode {mode}")
        check(self._api.set_state(0), "making the arm ready")
        self.wait_for(lambda report: report[2] == mode and report[3] in (0, 1, 2), 2.0, f"mode {mode} and ready")

    def switch_off(self) -> None:
        """Switch the motors off.

        Raises:
            ArmError: The arm refuses.
        """
        self._api.set_timeout(SLOW_REPLY_TIMEOUT)
        check(self._api.motion_enable(enable=False), "switching the motors off")

    def rest(self) -> None:
        """Enter position mode, ready.

        Raises:
            ArmError: The arm refuses.
        """
        self._api.set_timeout(SLOW_REPLY_TIMEOUT)
        check(self._api.set_mode(0), "entering position mode")
        check(self._api.set_state(0), "making the arm ready")

    def clear(self) -> None:
        """Clear errors and warnings.

        Raises:
            ArmError: The arm does not answer.
        """
        self._api.set_timeout(SLOW_REPLY_TIMEOUT)
        for code in (self._api.clean_error(), self._api.clean_warn()):
            if code not in (1, 9):  # still in error, not ready: what is left is read and named afterwards
                check(code, "clearing errors")

    def stop(self) -> None:
        """Stop at once.

        Raises:
            ArmError: The arm does not confirm.
        """
        self._api.set_timeout(0.5)
        self._api.emergency_stop()
        self.wait_for(lambda report: report[3] == 4, 1.0, "that it has stopped")

    def _hurry(self) -> None:
        self._api.set_timeout(REPLY_WAIT)

    def _moved(self, code: int, what: str) -> None:
        if code == REPLY_TIMED_OUT:
            self._unanswered_since = time.monotonic() - REPLY_WAIT
        else:
            check(code, what)

    def answers(self) -> bool:
        """Return whether the newest motion command has been answered; if not, ask for the length of the queue.

        The box answers in order, so an answer to that shows that the motion command was executed.

        Raises:
            ArmReplyTimeoutError: The box has been silent for too long.
            ArmLinkError: The link is down.
        """
        if self._unanswered_since is None:
            return True
        self._hurry()
        code, _ = self._api.get_cmdnum()
        if code != REPLY_TIMED_OUT:
            check(code, "asking for a sign of life")
            self._unanswered_since = None
            return True
        silence = time.monotonic() - self._unanswered_since
        if silence > SILENCE_LIMIT:
            raise ArmReplyTimeoutError(f"the control box has answered no command for {silence:.3f} s")
        return False

    def send_servo(self, positions: FloatArray) -> None:
        """Command joint positions (N,), rad, in mode 1.

        Raises:
            ArmError: Not taken.
        """
        self._hurry()
        self._moved(self._api.set_servo_angle_j(positions.tolist(), is_radian=True), "servo command")

    def send_joint_target(self, positions: FloatArray, velocity: float, acceleration: float) -> None:
        """Give a joint target (N,), rad, in mode 6; limits in rad/s and rad/s^2.

        Raises:
            ArmError: Not taken.
        """
        self._hurry()
        code = self._api.set_servo_angle(
            angle=positions.tolist(), speed=velocity, mvacc=acceleration, is_radian=True, wait=False
        )
        self._moved(code, "joint target")

    def send_tool_target(self, pose_base_tool: FloatArray, velocity: float, acceleration: float) -> None:
        """Give a tool pose (4, 4), m, in mode 7; limits in m/s and m/s^2.

        Raises:
            ArmError: Not taken.
        """
        self._hurry()
        x, y, z = (MM * pose_base_tool[:3, 3]).tolist()
        roll, pitch, yaw = rpy_from_rotation(pose_base_tool[:3, :3]).tolist()
        code = self._api.set_position(
            x, y, z, roll, pitch, yaw, speed=MM * velocity, mvacc=MM * acceleration, is_radian=True, wait=False
        )
        self._moved(code, f"tool target at ({x:.0f}, {y:.0f}, {z:.0f}) mm, turned {math.degrees(yaw):.0f} degrees")
