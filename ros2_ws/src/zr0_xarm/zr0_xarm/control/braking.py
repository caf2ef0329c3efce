"""What an arm in servo mode does when it gets no commands: it brakes by itself, and stands at the last one."""

from zr0_xarm.control.senders import MotionMode

NS_PER_S = 1_000_000_000
BRAKING_TIME = 0.1
"""From the last command until the arm stands for certain, s: 1 rad/s at 20 rad/s^2, and the servo's own delay."""
INTERRUPTION = 0.035
"""Time without a command after which the arm may have begun to brake, s."""


class Braking:
    """Knows from the commands that were sent whether the arm brakes.

    Args:
        mode: How targets reach the arm; one that plans by itself goes on to its target instead.
    """

    def __init__(self, mode: MotionMode) -> None:
        self._brakes_by_silence = mode is MotionMode.SERVO_JOINT
        self._sent_ns = 0
        self._end_ns = 0

    def note_sent(self, now_ns: int) -> None:
        """Take in that a command was sent."""
        self._sent_ns = now_ns

    def begin(self, now_ns: int) -> bool:
        """Brake, by sending nothing from now on; return whether this arm does."""
        if self._brakes_by_silence:
            self._end_ns = now_ns + round(BRAKING_TIME * NS_PER_S)
        return self._brakes_by_silence

    def is_interrupted(self, now_ns: int) -> bool:
        """Return whether a motion has been without commands for so long that the arm has begun to brake."""
        return self._brakes_by_silence and now_ns - max(self._sent_ns, self._end_ns) > INTERRUPTION * NS_PER_S

    def finish(self) -> None:
        """Let an interrupted arm come to rest: it brakes since its last command."""
        self.begin(self._sent_ns)

    def is_active(self, now_ns: int) -> bool:
        """Return whether nothing may be sent yet."""
        return now_ns < self._end_ns
