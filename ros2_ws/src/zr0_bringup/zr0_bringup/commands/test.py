"""`zr0 test`: linters, types, tests."""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

NODE_TESTS = ("tests/ros", "tests/e2e")
SOURCES = ("zr0", "ros2_ws/src", "tools", "tests", "benchmarks")
TYPED = ("ros2_ws/src", "tools", "tests", "benchmarks")
UNIT_WORKERS = "2"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One tool."""

    name: str
    """What it is called in the summary."""
    command: tuple[str, ...]
    """What is run, from the root of the checkout."""


def run_test(options: argparse.Namespace) -> int:
    """Run the command; return 0 if every step passed, else 1. All steps run, whatever the first ones find."""
    root = Path(os.environ.get("ZR0_ROOT", "."))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    results = {}
    for step in test_steps(options, root):
        _say(f"\n=== {step.name}: {' '.join(step.command)}")
        start = time.monotonic()
        code = subprocess.run([sys.executable, "-m", *step.command], cwd=root, check=False).returncode
        verdict = "ok" if code == 0 else f"FAILED (exit code {code})"
        results[step.name] = code
        _say(f"=== {step.name}: {verdict} in {time.monotonic() - start:.0f} s")
    words = ", ".join(f"{name} {'ok' if code == 0 else 'FAILED'}" for name, code in results.items())
    _say(f"\nzr0 test on ROS 2 {os.environ.get('ZR0_ROS_DISTRO', 'unknown')}: {words}")
    return int(any(results.values()))


def test_steps(options: argparse.Namespace, root: Path) -> list[Step]:
    """Return what is to be run, in order.

    Args:
        options: The parsed options `nodes`, `unit` and `paths`.
        root: The checkout.
    """
    if options.paths:
        return [_pytest("tests", *options.paths)]
    nodes = [path for path in NODE_TESTS if (root / path).is_dir()]
    # Tests of nodes have deadlines, so they have the machine to themselves. Each file has a process of its own: what
    # nodes log in a process in which other ROS contexts have ended does not always reach /rosout.
    files = [path.relative_to(root) for folder in nodes for path in sorted((root / folder).glob("test_*.py"))]
    node_steps = [_pytest(path.stem, str(path)) for path in files]
    if options.nodes:
        return node_steps
    unit_ignores = [f"--ignore={path}" for path in nodes]
    sources = [path for path in SOURCES if (root / path).exists()]
    steps = [
        Step(name="ruff", command=("ruff", "check", *sources)),
        Step(name="ruff format", command=("ruff", "format", "--check", *sources)),
        Step(name="mypy", command=("mypy", *TYPED)),
        _pytest("unit tests", "-n", UNIT_WORKERS, "tests", *unit_ignores),
    ]
    return steps if options.unit else [*steps, *node_steps]


def _pytest(name: str, *arguments: str) -> Step:
    return Step(name=name, command=("pytest", "-q", *arguments))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
