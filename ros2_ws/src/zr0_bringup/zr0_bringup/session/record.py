"""All that is recorded of one session."""

from dataclasses import dataclass, field

from zr0_bringup.session.rate_meter import RateMeter
from zr0_bringup.session.samples import (
    ChunkSample,
    ControllerSample,
    EpisodeResult,
    JointSample,
    PolicySample,
    SimSample,
)


@dataclass(kw_only=True)
class SessionRecord:
    """Grows while the session runs: one thread appends, others read what is complete."""

    joint_names: tuple[str, ...]
    """Names of the positions in `measured` and `commanded`."""
    measured: list[JointSample] = field(default_factory=list)
    """From /joint_states."""
    commanded: list[JointSample] = field(default_factory=list)
    """From /zr0/joint_command."""
    controller: list[ControllerSample] = field(default_factory=list)
    """From /zr0/controller_status."""
    policy: list[PolicySample] = field(default_factory=list)
    """From /zr0/policy_status."""
    chunks: list[ChunkSample] = field(default_factory=list)
    """From /zr0/action_chunk."""
    sim: list[SimSample] = field(default_factory=list)
    """From /sim/status."""
    episodes: list[EpisodeResult] = field(default_factory=list)
    """One per finished episode."""
    meters: dict[str, RateMeter] = field(default_factory=dict)
    """Arrivals by topic."""

    def meter(self, topic: str) -> RateMeter:
        """Return the rate meter of a topic."""
        return self.meters.setdefault(topic, RateMeter())
