"""The arm behind UFACTORY's SDK: two connections as one `Arm`."""

import logging
import threading
from collections.abc import Callable

from zr0_core.embodiment import Embodiment
from zr0_core.types import ArmState, FloatArray

from zr0_xarm.codes import describe_error
from zr0_xarm.driver.gripper_worker import GripperWorker
from zr0_xarm.driver.motion_link import MotionLink, Report
from zr0_xarm.errors import ArmConnectionError, ArmFaultError, ArmLinkError, ArmNotReadyError

STOPPED = 4

logger = logging.getLogger(__name__)


class XArm:
    """An xArm with UFACTORY's parallel gripper; implements `zr0_xarm.arm.Arm`.

    Reports at 100 Hz carry no error code, so a report of a stopped arm has the codes read at once over the second
    connection, which also reads them every 0.1 s.
    """

    def __init__(
        self, embodiment: Embodiment, ip: str, control_port: int, on_report: Callable[[], None] = lambda: None
    ) -> None:
        """Prepare an arm; nothing is opened.

        Args:
            embodiment: The robot that is expected.
            ip: IPv4 address of the control box.
            control_port: TCP port for commands; 502 on a real control box.
            on_report: Called after every report, from the SDK's thread.
        """
        self._embodiment = embodiment
        self._address = (ip, control_port)
        self._on_report = on_report
        self._lock = threading.Lock()
        self._codes_read = threading.Condition()
        self._num_reads = 0
        self._report: Report | None = None
        self._codes = (0, 0)
        self._link = MotionLink(embodiment, self._take_report)
        self._gripper = GripperWorker(embodiment.gripper, self._take_codes)

    @property
    def is_linked(self) -> bool:
        """Whether the command link to the control box stands."""
        return self._link.is_open

    @property
    def lower(self) -> FloatArray:
        """Lower joint limits of the hardware (N,), rad; known after connecting."""
        return self._link.lower

    @property
    def upper(self) -> FloatArray:
        """Upper joint limits of the hardware (N,), rad; known after connecting."""
        return self._link.upper

    def state(self) -> ArmState | None:
        """Return the newest report; None before the first."""
        with self._lock:
            if self._report is None:
                return None
            stamp_ns, positions, mode, state = self._report
            return ArmState(
                stamp_ns=stamp_ns,
                positions=positions,
                mode=mode,
                state=state,
                error_code=self._codes[0],
                warning_code=self._codes[1],
            )

    def gripper_position(self) -> float | None:
        """Return the newest measured position of the gripper drive, rad; None before the first reading."""
        return self._gripper.position

    def gripper_problem(self) -> str:
        """Return what is wrong with the gripper, for a person; empty when nothing is."""
        return self._gripper.problem

    def connect(self) -> None:
        """Link, and check that this is the arm that the embodiment describes.

        Raises:
            ArmConnectionError: The control box cannot be reached, is another one, or sends no reports.
        """
        self.disconnect()
        with self._lock:
            self._report, self._codes = None, (0, 0)
        found = self._link.open(*self._address)
        self._gripper.open(*self._address)
        try:
            self._link.wait_for(lambda _: True, 3.0, "anything")
        except ArmNotReadyError as error:
            self.disconnect()
            raise ArmConnectionError(f"the control box sends no reports: {error}") from error
        logger.info("connected to %s", found)

    def disconnect(self) -> None:
        """Close the links; the arm stays as it is."""
        self._gripper.close()
        self._link.close()

    def enable(self, mode: int) -> None:
        """Switch the motors on, enter a motion mode, and wait for the reports that show it.

        Raises:
            ArmError: The arm reports an error, or does not become ready.
        """
        self._require_link()
        self._refuse_error()
        self._link.prepare(mode)
        self._refuse_error()
        self._gripper.enable()

    def disable(self) -> None:
        """Switch the motors off.

        Raises:
            ArmError: The control box refuses.
        """
        self._require_link()
        self._link.switch_off()

    def rest(self) -> None:
        """Leave the motion mode for position mode; the motors keep holding.

        Raises:
            ArmError: The control box refuses.
        """
        self._require_link()
        self._link.rest()

    def clear_faults(self) -> None:
        """Clear errors and warnings of arm and gripper.

        Raises:
            ArmFaultError: An error cannot be cleared; says which, and what to do.
        """
        self._require_link()
        self._link.clear()
        self._refuse_error()

    def emergency_stop(self) -> None:
        """Stop the arm at once by the control box itself.

        Raises:
            ArmError: The control box did not confirm.
        """
        self._require_link()
        self._link.stop()

    def answers(self) -> bool:
        """Return whether the newest command has been answered, asking for a sign of life if it has not.

        Raises:
            ArmReplyTimeoutError: The box has been silent for too long.
            ArmLinkError: The link is down.
        """
        self._require_link()
        return self._link.answers()

    def send_servo(self, positions: FloatArray) -> None:
        """Command joint positions (N,), rad, in servo mode.

        Raises:
            ArmError: Not taken.
        """
        self._require_link()
        self._link.send_servo(positions)

    def send_joint_target(self, positions: FloatArray, velocity: float, acceleration: float) -> None:
        """Give the arm's own planner a joint target (N,), rad, with limits in rad/s and rad/s^2.

        Raises:
            ArmError: Not taken.
        """
        self._require_link()
        self._link.send_joint_target(positions, velocity, acceleration)

    def send_tool_target(self, pose_base_tool: FloatArray, velocity: float, acceleration: float) -> None:
        """Give the arm's own planner a tool pose (4, 4), m, with limits in m/s and m/s^2.

        Raises:
            ArmError: Not taken.
        """
        self._require_link()
        self._link.send_tool_target(pose_base_tool, velocity, acceleration)

    def set_gripper(self, position: float) -> None:
        """Ask for a gripper drive position, rad; returns at once, the newest wins."""
        self._gripper.move(position)

    def _require_link(self) -> None:
        if not self._link.is_open:
            raise ArmLinkError("the link to the control box is down")

    def _refuse_error(self) -> None:
        """Read the codes anew and refuse to go on with an error.

        Raises:
            ArmFaultError: There is one.
            ArmLinkError: The codes cannot be read.
        """
        with self._codes_read:
            seen = self._num_reads
            self._gripper.read_codes()
            if not self._codes_read.wait_for(lambda: self._num_reads > seen + 1, 3.0):
                raise ArmLinkError("the control box does not say whether it has an error")
        if self._codes[0]:
            raise ArmFaultError(f"the arm has {describe_error(self._codes[0])}")

    def _take_codes(self, error: int, warning: int) -> None:
        with self._lock:
            self._codes = (error, warning)
        with self._codes_read:
            self._num_reads += 1
            self._codes_read.notify_all()

    def _take_report(self, report: Report) -> None:
        with self._lock:
            was_stopped = self._report is not None and self._report[3] == STOPPED
            self._report = report
        if report[3] == STOPPED and not was_stopped:
            self._gripper.read_codes()
        self._on_report()
