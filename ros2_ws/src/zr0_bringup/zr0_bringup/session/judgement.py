"""Numbers of a session, and what in them is a failure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import MotionLimits

from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.samples import ChunkSample, EpisodeResult

GROWTH_LIMIT_S = 0.2
LIMIT_TOLERANCE = 1.001


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Median, 99th percentile and maximum of a duration, seconds; all 0 without samples."""

    median_s: float
    """Half are below."""
    p99_s: float
    """All but one in a hundred are below."""
    max_s: float
    """The largest."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise values, seconds."""
        if not values:
            return cls(median_s=0.0, p99_s=0.0, max_s=0.0)
        array = np.asarray(values)
        return cls(
            median_s=float(np.median(array)), p99_s=float(np.percentile(array, 99.0)), max_s=float(np.max(array))
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a session amounts to."""

    num_chunks_accepted: int
    """By the controller."""
    num_chunks_refused: int
    """By the controller."""
    last_refusal: str
    """Why the last refused chunk was refused; empty if none was."""
    num_ticks: int
    """Servo ticks."""
    num_ticks_missed: int
    """Of these, more than 20 ms late."""
    tick_lateness_max_s: float
    """Largest lateness of a servo tick, seconds."""
    chunk_age: Spread
    """Newest observation to reception, over all chunks."""
    chunk_age_growth_s: float
    """Median age of an episode's last third less that of its first, the largest over episodes: a queue shows here."""
    inference_time: Spread
    """The model's part."""
    tracking_error_rad: float
    """99th percentile of the largest joint difference between command and measurement, both at the same time."""
    failures: tuple[str, ...]
    """What went wrong, in words; the exit code tells whether there are any."""
    warnings: tuple[str, ...]
    """What is not as it should be, but depends on how busy the machine is."""


def judge(record: SessionRecord, limits: MotionLimits, *, is_success_expected: bool) -> Judgement:
    """Sum up a session.

    Args:
        record: The session.
        limits: What the arm itself allows; the control box saw nothing above it.
        is_success_expected: Whether an episode without success is a failure: not with an untrained policy.
    """
    last = record.controller[-1] if record.controller else None
    growth = max((_growth(_chunks_of(record, episode)) for episode in record.episodes), default=0.0)
    numbers = {
        "num_chunks_accepted": last.num_accepted if last else 0,
        "num_chunks_refused": last.num_refused if last else 0,
        "num_ticks": last.num_ticks if last else 0,
        "num_ticks_missed": last.num_ticks_missed if last else 0,
    }
    return Judgement(
        **numbers,
        last_refusal=last.last_refusal if last else "",
        tick_lateness_max_s=max((sample.tick_lateness_max_s for sample in record.controller), default=0.0),
        chunk_age=Spread.of([chunk.age_s for chunk in record.chunks]),
        chunk_age_growth_s=growth,
        inference_time=Spread.of(
            [sample.inference_time_s for sample in record.policy if sample.inference_time_s > 0.0]
        ),
        tracking_error_rad=tracking_error(record),
        failures=tuple(_failures(record, limits, growth, is_success_expected=is_success_expected)),
        warnings=tuple(_warnings(record)),
    )


def _failures(record: SessionRecord, limits: MotionLimits, growth_s: float, *, is_success_expected: bool) -> list[str]:
    failures = []
    if record.controller and record.controller[-1].num_refused:
        last = record.controller[-1]
        failures.append(f"the controller refused {last.num_refused} chunks; the last one: {last.last_refusal}")
    if growth_s > GROWTH_LIMIT_S:
        failures.append(f"chunks grew {growth_s:.2f} s older during an episode: something queues up")
    for episode in record.episodes:
        if episode.outcome in {"refused", "failed"}:
            failures.append(f"episode {episode.number}: the policy {episode.outcome}: {episode.reason}")
        elif is_success_expected and not episode.is_success:
            failures.append(
                f"episode {episode.number} (seed {episode.seed}) reached {episode.progress:.0f} of 100 only"
            )
        if not episode.num_chunks:
            failures.append(f"episode {episode.number}: the policy published no chunk")
        failures += _limit_failures(episode, limits)
    failures += [
        f"the controller went into fault at {sample.time_s:.1f} s: {sample.reason}"
        for before, sample in zip(record.controller, record.controller[1:], strict=False)
        if sample.state == "fault" != before.state
    ]
    return failures


def _limit_failures(episode: EpisodeResult, limits: MotionLimits) -> list[str]:
    seen = {
        "velocity": (episode.max_velocity, limits.velocity, "rad/s"),
        "acceleration": (episode.max_acceleration, limits.acceleration, "rad/s^2"),
        "jerk": (episode.max_jerk, limits.jerk, "rad/s^3"),
    }
    return [
        f"episode {episode.number}: the control box saw a {name} of {value:.4g} {unit}, the limit is {limit:.4g}"
        for name, (value, limit, unit) in seen.items()
        if value > limit * LIMIT_TOLERANCE
    ]


def _warnings(record: SessionRecord) -> list[str]:
    warnings = []
    if record.controller and record.controller[-1].num_ticks_missed:
        last = record.controller[-1]
        warnings.append(
            f"{last.num_ticks_missed} of {last.num_ticks} servo ticks were over 20 ms late: the machine is too busy"
        )
    factors = [sample.real_time_factor for sample in record.sim if sample.real_time_factor > 0.0]
    if factors and float(np.median(factors)) < 0.95:
        warnings.append(f"the simulation ran at {np.median(factors):.2f} of real time: the machine is too busy")
    running = [sample for sample in record.policy if sample.state == "running"]
    if running and not running[-1].is_trained:
        warnings.append(f"the weights of policy {running[-1].policy} are untrained: its motion means nothing")
    return warnings


def _chunks_of(record: SessionRecord, episode: EpisodeResult) -> list[ChunkSample]:
    return [chunk for chunk in record.chunks if episode.start_s <= chunk.time_s <= episode.end_s]


def _growth(chunks: Sequence[ChunkSample]) -> float:
    third = len(chunks) // 3
    if third < 3:
        return 0.0
    first = float(np.median([chunk.age_s for chunk in chunks[:third]]))
    return float(np.median([chunk.age_s for chunk in chunks[-third:]])) - first


def tracking_error(record: SessionRecord) -> float:
    """Return the 99th percentile of the largest difference of an arm joint, command to measurement, rad.

    The command is interpolated to the times of the measurements.
    """
    if len(record.commanded) < 2 or not record.measured:
        return 0.0
    command_times = np.array([sample.time_s for sample in record.commanded])
    times = np.array([sample.time_s for sample in record.measured])
    inside = (times >= command_times[0]) & (times <= command_times[-1])
    if not inside.any():
        return 0.0
    commanded = np.array([sample.positions for sample in record.commanded])  # (T, J)
    measured = np.array([sample.positions for sample in record.measured])[inside]  # (M, J)
    num_arm = commanded.shape[1] - 1
    columns = [np.interp(times[inside], command_times, commanded[:, joint]) for joint in range(num_arm)]
    return float(np.percentile(np.max(np.abs(np.stack(columns, axis=1) - measured[:, :num_arm]), axis=1), 99.0))
