"""How the benchmarks measure: two things in turn in one process, process CPU time, medians."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A baseline against ours, measured in turn."""

    baseline_ms: float
    """Median CPU time of the baseline, milliseconds."""
    ours_ms: float
    """Median CPU time of ours, milliseconds."""
    ratio: float
    """Median of the ratios of each pair, baseline over ours."""
    lowest: float
    """Smallest ratio of a pair."""
    highest: float
    """Largest ratio of a pair."""

    def __str__(self) -> str:
        return (
            f"{self.baseline_ms:8.2f} ms  {self.ours_ms:8.2f} ms  {self.ratio:5.2f} x  "
            f"(pairs {self.lowest:.2f} to {self.highest:.2f})"
        )


def compare(baseline: Callable[[], object], ours: Callable[[], object], num_pairs: int) -> Comparison:
    """Measure two things in turn after one run of each to warm up.

    Args:
        baseline: The named baseline.
        ours: What is compared with it.
        num_pairs: Runs of each.
    """
    baseline()
    ours()
    pairs = [(_cpu_ms(baseline), _cpu_ms(ours)) for _ in range(num_pairs)]
    ratios = [first / second for first, second in pairs]
    return Comparison(
        baseline_ms=statistics.median(first for first, _ in pairs),
        ours_ms=statistics.median(second for _, second in pairs),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
    )


def _cpu_ms(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1e3


def machine() -> str:
    """Describe the processor, its load and the versions, in one line."""
    names = [
        line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    load = os.getloadavg()[0]
    return (
        f"{names[0] if names else platform.processor()}, {os.cpu_count()} threads, load {load:.1f}, "
        f"Python {platform.python_version()}, torch {torch.__version__} on {torch.get_num_threads()} thread(s)"
    )
