"""What is recorded of a running stack. Times are seconds since the session began, by the clock of its receiver."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class JointSample:
    """Joint positions, measured or commanded."""

    time_s: float
    """Header stamp, seconds since the session began."""
    positions: tuple[float, ...]
    """rad, arm joints and gripper."""


@dataclass(frozen=True, kw_only=True)
class ControllerSample:
    """One controller status."""

    time_s: float
    """When it was received, seconds since the session began."""
    state: str
    """Name of the state, in lower case."""
    reason: str
    """Why the state was entered."""
    chunk_sequence: int
    """Sequence number of the chunk being executed."""
    chunk_rows_left: int
    """Rows of it that are not executed yet."""
    num_accepted: int
    """Chunks accepted since activation."""
    num_refused: int
    """Chunks refused since activation."""
    last_refusal: str
    """What was wrong with the last refused one."""
    num_ticks: int
    """Servo ticks since activation."""
    num_ticks_missed: int
    """Of these, more than 20 ms late."""
    tick_lateness_max_s: float
    """Largest lateness over the last second, seconds."""


@dataclass(frozen=True, kw_only=True)
class PolicySample:
    """One policy status."""

    time_s: float
    """When it was received, seconds since the session began."""
    state: str
    """Name of the state, in lower case."""
    reason: str
    """Which input is missing, or what failed."""
    policy: str
    """Name of the policy."""
    is_trained: bool
    """Whether its weights were trained."""
    latency_s: float
    """Newest observation to published chunk, for the last chunk."""
    inference_time_s: float
    """The model's part of it."""


@dataclass(frozen=True, kw_only=True)
class ChunkSample:
    """One action chunk as it passed by."""

    time_s: float
    """When it was received, seconds since the session began."""
    sequence: int
    """Its number."""
    age_s: float
    """From its newest observation to its reception, seconds."""
    span_s: float
    """From its first to its last row, seconds."""


@dataclass(frozen=True, kw_only=True)
class SimSample:
    """One simulator status."""

    time_s: float
    """When it was received, seconds since the session began."""
    progress: float
    """By the task's rubric, 0 to 100."""
    is_success: bool
    """Whether the task is complete."""
    max_velocity: float
    """Largest commanded joint velocity since the last reset, rad/s."""
    max_acceleration: float
    """Largest commanded joint acceleration since the last reset, rad/s^2."""
    max_jerk: float
    """Largest commanded joint jerk since the last reset, rad/s^3."""
    real_time_factor: float
    """Simulated seconds per second."""
    camera_rate: float
    """Camera sets per second."""
    renderer: str
    """What draws the images."""


@dataclass(frozen=True, kw_only=True)
class EpisodeResult:
    """How one episode went."""

    number: int
    """Counted from 1."""
    seed: int
    """Seed of the task."""
    instruction: str
    """What the policy was asked to do."""
    start_s: float
    """When the policy was let go, seconds since the session began."""
    end_s: float
    """When it was stopped."""
    is_success: bool
    """Whether the task was complete at some moment."""
    progress: float
    """Largest progress by the task's rubric, 0 to 100."""
    outcome: str
    """What the policy reported: done, time_up, cancelled, refused or failed."""
    reason: str
    """Why."""
    num_chunks: int
    """Chunks that the policy published."""
    max_velocity: float
    """Largest commanded joint velocity at the control box, rad/s."""
    max_acceleration: float
    """Largest commanded joint acceleration at the control box, rad/s^2."""
    max_jerk: float
    """Largest commanded joint jerk at the control box, rad/s^3."""

    @property
    def duration_s(self) -> float:
        """How long it took, seconds."""
        return self.end_s - self.start_s
