"""Watch the policy's sign of life."""

from zr0_xarm.control.status import Finding, Reason

RUNNING = 1
"""`PolicyStatus.RUNNING`."""
STATE_WORDS = {0: "idle", RUNNING: "running", 2: "waiting for input", 3: "failed"}
NS = 1e-9


class PolicyWatch:
    """Says whether a live policy runs, from its status messages."""

    def __init__(self, timeout: float) -> None:
        """Make a watch.

        Args:
            timeout: Largest time between status messages, s.
        """
        self._timeout = timeout
        self._state: int | None = None
        self._reason = ""
        self._seen_ns = 0
        self._is_gone = False

    def note_status(self, state: int, reason: str, now_ns: int) -> None:
        """Take in a status message that arrived now."""
        self._state, self._reason, self._seen_ns, self._is_gone = state, reason, now_ns, False

    def note_gone(self) -> None:
        """Take in that the middleware has lost every publisher of the status."""
        self._is_gone = True

    def finding(self, now_ns: int, patience: float = 0.0) -> Finding | None:
        """Say what keeps the policy's chunks from being executed; None when nothing does.

        Args:
            now_ns: The present, ns since the epoch.
            patience: By how much a status may be late, s.
        """
        if self._state is None:
            return Finding(reason=Reason.POLICY_SILENT, text="no policy has reported yet")
        if self._is_gone:
            return Finding(reason=Reason.POLICY_SILENT, text="the policy's process is gone")
        age = (now_ns - self._seen_ns) * NS
        if age > self._timeout + patience:
            return Finding(
                reason=Reason.POLICY_SILENT, text=f"the policy has been silent for {age:.3f} s, limit {self._timeout} s"
            )
        if self._state != RUNNING:
            words = STATE_WORDS.get(self._state, f"in unknown state {self._state}")
            text = f"the policy is {words}" + (f": {self._reason}" if self._reason else "")
            return Finding(reason=Reason.POLICY_NOT_RUNNING, text=text)
        return None
