"""Learn at once when the policy's process ends, where that process is on this machine."""

from collections.abc import Callable

from zr0_core.death_watch import DeathWatch, process_space


class PolicyProcess:
    """Watches the process that the newest policy status came from.

    The status falls silent as well when a policy dies, but silence is known only after its timeout. On another machine,
    or in another container, silence is all there is.

    Args:
        on_death: Called from a thread when the process has ended.
    """

    def __init__(self, on_death: Callable[[], None]) -> None:
        self._on_death = on_death
        self._space = process_space()
        self._pid: int | None = None
        self._watch: DeathWatch | None = None

    def note(self, pid: int, space: str) -> None:
        """Take in where a status came from: process number, and the space in which that number means something."""
        if pid == self._pid or space != self._space:
            return
        self.close()
        self._pid = pid
        try:
            self._watch = DeathWatch([pid], self._on_death)
        except ProcessLookupError:
            self._on_death()

    def close(self) -> None:
        """Stop watching."""
        watch, self._watch, self._pid = self._watch, None, None
        if watch is not None:
            watch.close()
