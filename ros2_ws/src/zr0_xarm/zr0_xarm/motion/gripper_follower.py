"""Move the gripper command towards its target within the gripper's speed."""


class GripperFollower:
    """A speed-limited command."""

    def __init__(self, velocity: float, period: float) -> None:
        """Make a follower.

        Args:
            velocity: Largest speed, rad/s.
            period: Time between commands, s.
        """
        self._largest_step = velocity * period

    def step(self, position: float, target: float) -> float:
        """Return the commanded position, rad, one period later."""
        return position + min(max(target - position, -self._largest_step), self._largest_step)
