"""The report of a session: one JSON file."""

import dataclasses
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from zr0_bringup.arguments import Scalar
from zr0_bringup.session.judgement import Judgement
from zr0_bringup.session.record import SessionRecord

PACKAGES = (
    "zr0_core",
    "zr0_policy",
    "zr0_xarm",
    "zr0_sim",
    "zr0_bringup",
    "torch",
    "transformers",
    "mujoco",
    "numpy",
    "ruckig",
)
SDK = "xarm-python-sdk"


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What was run."""

    arguments: Mapping[str, Scalar]
    """Launch arguments."""
    embodiment: str
    """Name and content hash."""
    ros_distribution: str
    """jazzy or kilted."""


def machine() -> dict[str, str | int]:
    """Describe this machine."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "num_cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions() -> dict[str, str]:
    """Return the versions of what the stack is made of; `absent` where a package is not there."""
    found = {}
    for name in (*PACKAGES, SDK):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def make_report(record: SessionRecord, judgement: Judgement, context: RunContext) -> dict[str, object]:
    """Return the report as plain data."""
    last_sim = record.sim[-1] if record.sim else None
    return {
        "is_ok": not judgement.failures,
        "failures": list(judgement.failures),
        "warnings": list(judgement.warnings),
        "arguments": dict(context.arguments),
        "embodiment": context.embodiment,
        "policy": {
            "name": record.policy[-1].policy if record.policy else "",
            "is_trained": record.policy[-1].is_trained if record.policy else False,
        },
        "episodes": [dataclasses.asdict(episode) for episode in record.episodes],
        "num_successes": sum(episode.is_success for episode in record.episodes),
        "chunks": {
            "accepted": judgement.num_chunks_accepted,
            "refused": judgement.num_chunks_refused,
            "last_refusal": judgement.last_refusal,
            "age": dataclasses.asdict(judgement.chunk_age),
            "age_growth_s": judgement.chunk_age_growth_s,
            "inference_time": dataclasses.asdict(judgement.inference_time),
        },
        "servo": {
            "ticks": judgement.num_ticks,
            "ticks_more_than_20_ms_late": judgement.num_ticks_missed,
            "lateness_max_s": judgement.tick_lateness_max_s,
            "tracking_error_p99_rad": judgement.tracking_error_rad,
        },
        "command_maxima": {
            "velocity_rad_s": max((episode.max_velocity for episode in record.episodes), default=0.0),
            "acceleration_rad_s2": max((episode.max_acceleration for episode in record.episodes), default=0.0),
            "jerk_rad_s3": max((episode.max_jerk for episode in record.episodes), default=0.0),
        },
        "topics": {
            topic: {
                "count": meter.count,
                "mean_rate_hz": round(meter.mean_rate(), 2),
                "longest_gap_s": round(meter.longest_gap_s, 4),
            }
            for topic, meter in sorted(record.meters.items())
        },
        "simulation": {
            "renderer": last_sim.renderer if last_sim else "",
            "camera_rate_hz": last_sim.camera_rate if last_sim else 0.0,
            "real_time_factor": last_sim.real_time_factor if last_sim else 0.0,
        },
        "ros_distribution": context.ros_distribution,
        "versions": versions(),
        "machine": machine(),
    }


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write a report beside its place and rename it: it is whole or it is not there."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(json.dumps(report, indent=2) + "\n")
    partial.replace(path)
