"""The policy node's /diagnostics."""

import time
from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.time import Time
from zr0_msgs.msg import PolicyStatus

from zr0_policy.ros.status_report import STATE_NAMES
from zr0_policy.runtime.latency import BUCKETS_S
from zr0_policy.runtime.task_runner import TaskRunner

_LEVELS = {
    PolicyStatus.IDLE: DiagnosticStatus.OK,
    PolicyStatus.RUNNING: DiagnosticStatus.OK,
    PolicyStatus.WAITING_FOR_INPUT: DiagnosticStatus.WARN,
    PolicyStatus.FAILED: DiagnosticStatus.ERROR,
}
_BUCKET_NAMES = (*(f"<= {end:g} s" for end in BUCKETS_S), f"> {BUCKETS_S[-1]:g} s")


class InputRates:
    """Turns message counts into rates."""

    def __init__(self) -> None:
        self._last: Mapping[str, int] = {}
        self._last_s = time.monotonic()

    def update(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Return messages per second, by input, since the last update."""
        now_s = time.monotonic()
        elapsed_s = max(now_s - self._last_s, 1e-6)
        rates = {name: (count - self._last.get(name, 0)) / elapsed_s for name, count in counts.items()}
        self._last, self._last_s = dict(counts), now_s
        return rates


def diagnostics(status: PolicyStatus, rates: Mapping[str, float], runner: TaskRunner) -> DiagnosticArray:
    """Write diagnostics: state, input ages (s) and rates (Hz), latencies (s), delays (rows) and counters."""
    values = {
        "policy": status.policy,
        "is_trained": str(status.is_trained),
        "instruction": status.instruction,
        "chunks of this task": str(status.num_chunks),
        "late chunks of this task, not published": str(runner.progress.num_late),
        "last chunk": str(status.chunk_sequence),
        "chunking": runner.strategy.name,
        "last delay [rows]": str(runner.delays.last),
        "expected delay [rows]": str(runner.delays.expected),
        "chunks of this task slower than their frozen rows": str(runner.progress.num_slow),
    }
    for name, age in zip(status.input_names, status.input_ages, strict=True):
        values[f"{name} age [s]"] = f"{age:.3f}"
        values[f"{name} rate [Hz]"] = f"{rates.get(name, 0.0):.1f}"
    for kind, window in (("latency", runner.latency), ("inference", runner.inference)):
        summary = window.summary()
        values[f"{kind} p50 [s]"] = f"{summary.p50:.4f}"
        values[f"{kind} p99 [s]"] = f"{summary.p99:.4f}"
        values[f"{kind} max [s]"] = f"{summary.maximum:.4f}"
        for name, count in zip(_BUCKET_NAMES, summary.histogram, strict=True):
            values[f"{kind} {name}"] = str(count)
    message = DiagnosticArray()
    message.header.stamp = Time(nanoseconds=time.time_ns()).to_msg()
    message.status = [
        DiagnosticStatus(
            level=_LEVELS[status.state],
            name="policy",
            message=status.reason or STATE_NAMES[status.state],
            hardware_id=status.policy,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
    ]
    return message
