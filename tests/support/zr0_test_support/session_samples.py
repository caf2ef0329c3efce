"""Samples for tests of a session."""

from zr0_bringup.session.samples import ControllerSample, EpisodeResult


def controller_sample(time_s: float, **changes: object) -> ControllerSample:
    """A controller that tracks and has refused nothing."""
    fields: dict[str, object] = {
        "state": "tracking",
        "reason": "chunk",
        "chunk_sequence": 1,
        "chunk_rows_left": 5,
        "num_accepted": 10,
        "num_refused": 0,
        "last_refusal": "",
        "num_ticks": 1000,
        "num_ticks_missed": 0,
        "tick_lateness_max_s": 0.002,
    }
    return ControllerSample(time_s=time_s, **{**fields, **changes})  # type: ignore[arg-type]


def episode_result(**changes: object) -> EpisodeResult:
    """An episode that succeeded."""
    fields: dict[str, object] = {
        "number": 1,
        "seed": 4,
        "instruction": "Put the cube into the bin.",
        "start_s": 1.0,
        "end_s": 9.0,
        "is_success": True,
        "progress": 100.0,
        "outcome": "cancelled",
        "reason": "success",
        "num_chunks": 9,
        "max_velocity": 1.0,
        "max_acceleration": 6.0,
        "max_jerk": 120.0,
    }
    return EpisodeResult(**{**fields, **changes})  # type: ignore[arg-type]
