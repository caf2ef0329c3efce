"""Find out which rendering backends work on this machine, and how fast each is.

Each backend is tried in a process of its own: a broken graphics driver can end a process, and one process can use only
one of the OpenGL backends.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from zr0_sim.world.renderer import Backend, RendererError

PROBE_TIMEOUT = 60.0
"""Longest that one backend may take to start and be measured, s."""


@dataclass(frozen=True, kw_only=True)
class RendererReport:
    """What one backend does on this machine."""

    backend: str
    """egl, osmesa or raycast."""
    works: bool
    """Whether it renders."""
    frames_per_second: float
    """Single images of the measured size per second; 0 when it does not work."""
    reason: str
    """Why it does not work; empty when it does."""


def probe_renderers(
    embodiment: str = "xarm7_gripper", *, width: int = 640, height: int = 480, duration: float = 1.0
) -> tuple[RendererReport, ...]:
    """Try every backend, in the order of preference.

    Args:
        embodiment: Name or path of the robot in the measured scene.
        width: Image width, pixels.
        height: Image height, pixels.
        duration: How long each working backend is measured, s.
    """
    return tuple(_probe(backend, embodiment, width, height, duration) for backend in Backend)


def choose_backend(asked: str, embodiment: str = "xarm7_gripper") -> Backend:
    """Turn `auto` or a backend's name into a backend that works here.

    Raises:
        RendererError: The asked backend does not work, or (for `auto`) none does. The message gives the reasons.
        ValueError: There is no such backend.
    """
    names = [backend.value for backend in Backend]
    if asked != "auto" and asked not in names:
        raise ValueError(f"renderer is {asked!r}, expected auto, {', '.join(names)}")
    reasons = []
    for backend in Backend if asked == "auto" else (Backend(asked),):
        report = _probe(backend, embodiment, 64, 48, 0.0)
        if report.works:
            return backend
        reasons.append(f"{backend.value}: {report.reason}")
    raise RendererError(f"no usable renderer; {'; '.join(reasons)}; renderer:=raycast needs no graphics library")


def _probe(backend: Backend, embodiment: str, width: int, height: int, duration: float) -> RendererReport:
    request = json.dumps([backend.value, embodiment, width, height, duration])
    environment = {name: value for name, value in os.environ.items() if name not in ("MUJOCO_GL", "PYOPENGL_PLATFORM")}
    try:
        child = subprocess.run(
            [sys.executable, "-m", "zr0_sim.world.probe_trial", request],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _failure(backend, f"did not answer within {PROBE_TIMEOUT:.0f} s")
    lines = child.stdout.strip().splitlines()
    if child.returncode != 0 or not lines:
        tail = (child.stderr.strip().splitlines() or ["no message"])[-1]
        return _failure(backend, f"the trial process ended with code {child.returncode}: {tail}")
    answer = json.loads(lines[-1])
    return RendererReport(
        backend=backend.value,
        works=not answer["reason"],
        frames_per_second=answer["frames_per_second"],
        reason=answer["reason"],
    )


def _failure(backend: Backend, reason: str) -> RendererReport:
    return RendererReport(backend=backend.value, works=False, frames_per_second=0.0, reason=reason)
