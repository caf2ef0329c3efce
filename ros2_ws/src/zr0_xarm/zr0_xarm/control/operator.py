"""What an operator asks for: requests that take a while and may fail."""

import logging
import threading
import time
from collections.abc import Callable

import numpy as np

from zr0_xarm.arm import Arm
from zr0_xarm.control.controller import Controller
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import ACTIVE, AT_HOME, ControllerState, Finding, Reason
from zr0_xarm.errors import ArmError, ArmLinkError, RequestRefusedError

STANDSTILL = 5e-4
"""Largest change of a joint between two reports of an arm that stands, rad."""

logger = logging.getLogger(__name__)


class Operator:
    """Enables, holds, stops, recovers and homes. Every method blocks until the arm has done it, or raises.

    Requests are served one after the other, except for the emergency stop, which waits for nothing.
    """

    def __init__(self, controller: Controller, arm: Arm, settings: ControllerSettings) -> None:
        """Serve requests.

        Args:
            controller: Commands the arm.
            arm: The arm.
            settings: The controller's settings.
        """
        self._controller = controller
        self._arm = arm
        self._mode = settings.motion_mode.arm_mode
        self._is_dry_run = settings.is_dry_run
        self._turn = threading.Lock()

    def start(self) -> None:
        """Enable the arm when the controller is activated.

        An arm that cannot be enabled is reported as a fault, which `recover` can leave once its cause is gone.

        Raises:
            ArmLinkError: The link is down.
        """
        with self._turn:
            try:
                self._enable(Finding(reason=Reason.STARTED, text="started"))
            except ArmLinkError:
                raise
            except (ArmError, RequestRefusedError) as error:
                self._controller.fault(Finding(reason=Reason.ARM_ERROR, text=f"cannot enable the arm: {error}"))

    def enable(self) -> str:
        """Switch the motors on, or release an arm that is held. Returns what was done.

        Raises:
            RequestRefusedError: The controller is in a fault; it has to be recovered.
            ArmError: The arm does not become ready.
        """
        with self._turn:
            state = self._controller.state
            if state in ACTIVE:
                self._controller.release()
                return "enabled: chunks are executed"
            if state is not ControllerState.DISABLED:
                raise RequestRefusedError(f"the controller is {state.name}; call ~/recover first")
            self._enable(Finding(reason=Reason.OPERATOR, text="enabled by the operator"))
            return "enabled: motors on, holding"

    def disable(self) -> str:
        """Stop within limits, then switch the motors off. Returns what was done.

        Raises:
            ArmError: The control box refuses.
        """
        with self._turn:
            finding = Finding(reason=Reason.OPERATOR, text="disabled by the operator")
            self._stand(finding)
            self._controller.begin_disabled(finding)
            if not self._is_dry_run:
                self._arm.disable()
            return "disabled: motors off"

    def hold(self) -> str:
        """Stop within limits and refuse chunks until released. Returns what was done.

        Raises:
            RequestRefusedError: The arm is not commanded, or does not come to stand.
        """
        if self._controller.state not in ACTIVE:
            raise RequestRefusedError(f"there is nothing to hold: the controller is {self._controller.state.name}")
        self._stand(Finding(reason=Reason.OPERATOR, text="held by the operator"))
        return "holding: chunks are refused until ~/enable is called with true"

    def emergency_stop(self) -> str:
        """Have the control box stop the arm at once. Returns what was done.

        Raises:
            ArmError: The control box did not confirm.
        """
        self._controller.fault(Finding(reason=Reason.EMERGENCY_STOP, text="emergency stop by the operator"))
        if not self._is_dry_run:
            self._arm.emergency_stop()
        return "stopped; call ~/recover to continue"

    def recover(self) -> str:
        """Leave a fault, or a lost link: clear errors, enable, and hold where the arm stands. Returns what was done.

        Raises:
            RequestRefusedError: There is nothing to recover from.
            ArmError: The arm still has an error, or does not become ready.
        """
        with self._turn:
            state = self._controller.state
            if state in ACTIVE:
                self._controller.release()
                return f"nothing to recover from: the controller is {state.name}"
            if not self._arm.is_linked:
                self._arm.connect()
            if not self._is_dry_run:
                self._arm.clear_faults()
            self._enable(Finding(reason=Reason.RECOVERED, text="recovered"))
            return "recovered: holding where the arm stands"

    def home(self, timeout: float = 60.0) -> str:
        """Move to the home position. Returns what was done.

        Raises:
            RequestRefusedError: The controller is not holding, or the motion was interrupted.
        """
        with self._turn:
            self._controller.begin_homing()
            self._wait(lambda: self._controller.state is not ControllerState.HOMING, timeout)
            if self._controller.reason != AT_HOME:
                raise RequestRefusedError(f"did not get home: {self._controller.reason.text}")
            return "at the home position"

    def shut_down(self) -> None:
        """Stop within limits, and leave the motion mode; the motors keep holding."""
        with self._turn:
            finding = Finding(reason=Reason.SHUTDOWN, text="shut down; the arm holds in position mode")
            was_active = self._controller.state in ACTIVE
            self._stand(finding)
            self._controller.begin_disabled(finding)
            if was_active and not self._is_dry_run and self._arm.is_linked:
                try:
                    self._arm.rest()
                except ArmError as error:
                    logger.warning("the arm stands, but could not be left in position mode: %s", error)

    def _enable(self, finding: Finding) -> None:
        if not self._is_dry_run:
            self._arm.enable(self._mode)
        self._wait_for_standstill()
        self._controller.begin_holding(finding)

    def _stand(self, finding: Finding) -> None:
        self._controller.hold(finding, is_latched=True)
        resting = (ControllerState.STOPPING, ControllerState.TRACKING, ControllerState.HOMING)
        self._wait(lambda: self._controller.state not in resting, 2.0)

    def _wait_for_standstill(self, timeout: float = 3.0) -> None:
        deadline = time.monotonic() + timeout
        before = self._arm.state()
        while time.monotonic() < deadline:
            time.sleep(0.05)
            now = self._arm.state()
            is_newer = before is not None and now is not None and now.stamp_ns > before.stamp_ns
            if is_newer and before and now and np.abs(now.positions - before.positions).max() < STANDSTILL:
                return
            before = now
        raise RequestRefusedError(
            f"the arm did not report that it stands still for {timeout} s; "
            "check that nothing moves it and that its report connection works"
        )

    def _wait(self, is_done: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not is_done():
            if time.monotonic() > deadline:
                raise RequestRefusedError(
                    f"gave up after {timeout} s: the controller is still {self._controller.state.name}"
                )
            time.sleep(0.005)
