"""The arm as the controller sees it: radians, metres, seconds."""

from typing import Protocol

from zr0_core.types import ArmState, FloatArray


class Arm(Protocol):
    """An xArm with a parallel gripper.

    `answers` and `send_*` are called from the control loop and take less than a period of it. The methods of
    enabling and recovery block for up to seconds and are called from elsewhere. Reading never blocks.
    """

    @property
    def is_linked(self) -> bool:
        """Whether the command link to the control box stands."""

    @property
    def lower(self) -> FloatArray:
        """Lower joint limits of the hardware (N,), rad."""

    @property
    def upper(self) -> FloatArray:
        """Upper joint limits of the hardware (N,), rad."""

    def state(self) -> ArmState | None:
        """Return the newest report; None before the first."""

    def gripper_position(self) -> float | None:
        """Return the newest measured position of the gripper drive, rad; None before the first reading."""

    def gripper_problem(self) -> str:
        """Return what is wrong with the gripper, for a person; empty when nothing is."""

    def connect(self) -> None:
        """Link, and check that this is the arm that the embodiment describes.

        Raises:
            ArmConnectionError: The control box cannot be reached, or is another one.
        """

    def disconnect(self) -> None:
        """Close the link; the arm stays as it is."""

    def enable(self, mode: int) -> None:
        """Switch the motors on, enter a motion mode, and wait for the reports that show it.

        Raises:
            ArmError: The arm reports an error, or does not become ready.
        """

    def disable(self) -> None:
        """Switch the motors off.

        Raises:
            ArmError: The control box refuses.
        """

    def rest(self) -> None:
        """Leave the motion mode for position mode; the motors keep holding.

        Raises:
            ArmError: The control box refuses.
        """

    def clear_faults(self) -> None:
        """Clear errors and warnings of arm and gripper.

        Raises:
            ArmError: An error cannot be cleared; says which, and what to do.
        """

    def emergency_stop(self) -> None:
        """Stop the arm at once by the control box itself.

        Raises:
            ArmError: The control box did not confirm.
        """

    def answers(self) -> bool:
        """Return whether the newest command has been answered, asking for a sign of life if it has not.

        Until it has, no other command may be sent: a box that falls silent would execute them all at once afterwards.

        Raises:
            ArmReplyTimeoutError: The box has been silent for too long.
            ArmLinkError: The link is down.
        """

    def send_servo(self, positions: FloatArray) -> None:
        """Command joint positions (N,), rad, in servo mode.

        Raises:
            ArmError: Not taken.
        """

    def send_joint_target(self, positions: FloatArray, velocity: float, acceleration: float) -> None:
        """Give the arm's own planner a joint target (N,), rad, with limits in rad/s and rad/s^2.

        Raises:
            ArmError: Not taken.
        """

    def send_tool_target(self, pose_base_tool: FloatArray, velocity: float, acceleration: float) -> None:
        """Give the arm's own planner a tool pose (4, 4), m, with limits in m/s and m/s^2.

        Raises:
            ArmError: Not taken.
        """

    def set_gripper(self, position: float) -> None:
        """Ask for a gripper drive position, rad; returns at once, the newest wins."""
