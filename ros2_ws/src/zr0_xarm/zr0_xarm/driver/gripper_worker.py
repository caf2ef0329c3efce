"""The second connection: gripper and error codes, off the path of motion commands."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from zr0_core.embodiment import Gripper

from zr0_xarm.driver import sdk
from zr0_xarm.driver.return_codes import check
from zr0_xarm.errors import ArmError

PERIOD = 0.1
"""Time between readings, s."""
OPEN_UNITS = 850.0
"""SDK gripper position of a drive joint at 0 rad; it falls by 1000 per rad."""
UNITS_PER_RADIAN = 1000.0
LARGEST_SPEED = 5000

logger = logging.getLogger(__name__)


class GripperWorker:
    """Moves the gripper and reads error codes in a thread of its own.

    The gripper hangs on a serial bus behind the control box: each exchange takes many milliseconds, during which the
    connection that carries it answers nothing else. The newest target wins.
    """

    def __init__(self, gripper: Gripper, on_codes: Callable[[int, int], None]) -> None:
        """Prepare a worker; it is started by `open`.

        Args:
            gripper: The gripper that is expected.
            on_codes: Called with error and warning code, from the worker's thread.
        """
        self._gripper = gripper
        self._on_codes = on_codes
        self._api: Any = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._target: float | None = None
        self._sent: int | None = None
        self._is_enable_asked = self._is_read_asked = self._is_ending = False
        self.position: float | None = None
        self.problem = ""

    def open(self, ip: str, control_port: int) -> None:
        """Connect and start working.

        Raises:
            ArmConnectionError: Nothing answers.
        """
        self.close()
        self._api = sdk.open_connection(ip, control_port, "rich")
        self._target = self._sent = self.position = None
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="gripper-worker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop working and disconnect; returns when the thread has ended."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._api is not None:
            self._api.disconnect()
            self._api = None

    def enable(self) -> None:
        """Have the gripper enabled, after clearing its errors."""
        with self._changed:
            self._is_enable_asked = True
            self._changed.notify_all()

    def move(self, position: float) -> None:
        """Have the gripper drive moved to a position, rad."""
        if position == self._target:
            return
        with self._changed:
            self._target = position
            self._changed.notify_all()

    def read_codes(self) -> None:
        """Have error and warning codes read at once."""
        with self._changed:
            self._is_read_asked = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, PERIOD)
                if self._is_ending:
                    return
                is_enable_asked, self._is_enable_asked = self._is_enable_asked, False
                self._is_read_asked = False
                target = self._target
            sdk.restore_socket_timeout()
            if not self._api.connected:
                continue
            self._read_codes()
            try:
                if is_enable_asked:
                    self._enable()
                self._work(target)
            except ArmError as error:
                if str(error) != self.problem:
                    logger.warning("gripper: %s", error)
                self.problem = str(error)
            else:
                self.problem = ""

    def _has_work(self) -> bool:
        return self._is_ending or self._is_enable_asked or self._is_read_asked

    def _read_codes(self) -> None:
        code, (error, warning) = self._api.get_err_warn_code()
        if code == 0:
            self._on_codes(int(error), int(warning))

    def _enable(self) -> None:
        check(self._api.clean_gripper_error(), "clearing the gripper's errors")
        check(self._api.set_gripper_enable(True), "enabling the gripper")
        check(self._api.set_gripper_mode(0), "setting the gripper's mode")
        check(self._api.set_gripper_speed(LARGEST_SPEED), "setting the gripper's speed")
        self._sent = None

    def _work(self, target: float | None) -> None:
        if target is not None:
            units = round(OPEN_UNITS - UNITS_PER_RADIAN * target)
            if units != self._sent:
                check(
                    self._api.set_gripper_position(units, wait=False, wait_motion=False, check_err=False),
                    "moving the gripper",
                )
                self._sent = units
        code, units_read = self._api.get_gripper_position()
        check(code, "reading the gripper's position")
        if units_read is not None:
            self.position = (OPEN_UNITS - float(units_read)) / UNITS_PER_RADIAN
