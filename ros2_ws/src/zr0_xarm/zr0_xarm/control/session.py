"""A connected arm with its controller, from connecting to disconnecting."""

import time

from zr0_core.embodiment import Embodiment

from zr0_xarm.arm import Arm
from zr0_xarm.control.controller import Controller
from zr0_xarm.control.loop import ControlLoop
from zr0_xarm.control.operator import Operator
from zr0_xarm.control.settings import ControllerSettings
from zr0_xarm.control.status import Finding, Reason


class Session:
    """Builds the parts in the order in which they need each other, and takes them down in reverse."""

    def __init__(self, embodiment: Embodiment, arm: Arm, settings: ControllerSettings) -> None:
        """Connect to an arm.

        Args:
            embodiment: The robot.
            arm: The arm, not yet connected.
            settings: How to watch and move it.

        Raises:
            ArmConnectionError: The control box cannot be reached, or is not the one expected.
        """
        self._rate = embodiment.control_rate
        self.arm = arm
        arm.connect()
        self.controller = Controller(embodiment, arm, settings)
        self.operator = Operator(self.controller, arm, settings)
        self.loop = self._make_loop()

    def _make_loop(self) -> ControlLoop:
        return ControlLoop(lambda now_ns, is_late: self.controller.tick(now_ns, is_late=is_late), self._rate)

    def activate(self) -> None:
        """Start the control loop and enable the arm.

        Raises:
            ArmLinkError: The link is down.
        """
        self.loop = self._make_loop()
        self.loop.start()
        self.operator.start()

    def deactivate(self) -> None:
        """Stop the arm within limits, leave it holding in position mode, and stop the control loop."""
        self.operator.shut_down()
        self.loop.stop()

    def close(self, *, is_urgent: bool = False) -> None:
        """Disconnect; stops the arm first if that has not been done.

        Args:
            is_urgent: Let the arm brake as hard as it can, instead of stopping it within limits.
        """
        if self.loop.is_running:
            if is_urgent:
                finding = Finding(reason=Reason.OPERATOR, text="told to stop at once")
                self.controller.brake(finding, time.time_ns())
            self.deactivate()
        self.arm.disconnect()
