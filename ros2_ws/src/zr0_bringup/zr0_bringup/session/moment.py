"""What is to be said about a session at one moment."""

from dataclasses import dataclass

from zr0_bringup.session.frames import Caption
from zr0_bringup.session.record import SessionRecord

LATE_S = 1.0


@dataclass(kw_only=True)
class Stage:
    """Which part of the session is going on. Changes while it does."""

    text: str = "starting"
    """What is going on, in words."""
    episode: int = 0
    """Number of the episode, 0 before the first."""
    num_episodes: int = 1
    """How many there will be."""
    instruction: str = ""
    """What the policy was asked to do."""
    start_s: float = 0.0
    """When the episode began, seconds since the session began."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the live status."""

    label: str
    """What it is about."""
    text: str
    """What there is to say."""
    is_good: bool = True
    """Whether it is as it should be."""


def status_rows(record: SessionRecord, stage: Stage, cameras: dict[str, str], now_s: float) -> list[Row]:
    """Return the live status.

    Args:
        record: The session so far.
        stage: Which part of it is going on.
        cameras: Topic of each camera, by camera name.
        now_s: Seconds since the session began.
    """
    rows = [_stage_row(record, stage, now_s)]
    for name, topic in cameras.items():
        rows.append(_topic_row(record, f"camera {name}", topic, now_s))
    rows.append(_topic_row(record, "joint states", "/joint_states", now_s))
    if record.controller:
        controller = record.controller[-1]
        rows.append(
            Row(
                label="controller",
                text=f"{controller.state}: {controller.reason}",
                is_good=controller.state in {"tracking", "holding", "homing"},
            )
        )
        rows.append(
            Row(
                label="servo loop",
                text=f"{controller.num_ticks} ticks, {controller.num_ticks_missed} over 20 ms late, "
                f"latest {1e3 * controller.tick_lateness_max_s:.1f} ms",
                is_good=controller.num_ticks_missed == 0,
            )
        )
        rows.append(
            Row(
                label="chunks",
                text=f"{controller.num_accepted} accepted, {controller.num_refused} refused {controller.last_refusal}",
                is_good=controller.num_refused == 0,
            )
        )
    if record.policy:
        policy = record.policy[-1]
        age = f", chunk {1e3 * record.chunks[-1].age_s:.0f} ms old on arrival" if record.chunks else ""
        text = f"{policy.policy} {policy.state} {policy.reason}, inference {1e3 * policy.inference_time_s:.0f} ms{age}"
        rows.append(Row(label="policy", text=text, is_good=policy.state in {"running", "idle"}))
    if record.sim:
        sim = record.sim[-1]
        text = f"{sim.real_time_factor:.2f} of real time, images by {sim.renderer}"
        rows.append(Row(label="simulation", text=text, is_good=sim.real_time_factor > 0.95))
    return rows


def status_line(record: SessionRecord, stage: Stage, cameras: dict[str, str], now_s: float) -> str:
    """Return the live status as one line, for logs."""
    rates = "/".join(f"{record.meter(topic).rate(now_s):.0f}" for topic in cameras.values())
    parts = [
        f"{now_s:6.1f} s",
        _stage_row(record, stage, now_s).text,
        f"cameras {rates} Hz" if rates else "cameras not watched",
        f"joints {record.meter('/joint_states').rate(now_s):.0f} Hz",
        f"chunks {record.meter('/zr0/action_chunk').rate(now_s):.1f} Hz",
    ]
    if record.chunks:
        parts.append(f"age {1e3 * record.chunks[-1].age_s:.0f} ms")
    if record.controller:
        parts.append(f"controller {record.controller[-1].state}, refused {record.controller[-1].num_refused}")
    if record.policy:
        parts.append(f"policy {record.policy[-1].state}")
    return " | ".join(parts)


def caption(record: SessionRecord, stage: Stage, now_s: float) -> Caption:
    """Return what the video says."""
    title = f"episode {stage.episode} of {stage.num_episodes}: {stage.instruction}" if stage.episode else stage.text
    state = record.controller[-1].state if record.controller else "starting"
    parts = [f"{now_s - stage.start_s:.1f} s"]
    if record.policy:
        policy = record.policy[-1]
        parts.append(f"policy {policy.policy}{'' if policy.is_trained else ' (untrained)'} {policy.state}")
    if record.chunks:
        parts.append(f"chunk {record.chunks[-1].sequence}, {1e3 * record.chunks[-1].age_s:.0f} ms old")
    progress = record.sim[-1].progress if record.sim else 0.0
    parts.append(f"progress {progress:.0f} of 100")
    return Caption(title=title, state=state, detail="   ".join(parts), progress=progress)


def _stage_row(record: SessionRecord, stage: Stage, now_s: float) -> Row:
    if not stage.episode:
        return Row(label="session", text=stage.text)
    progress = f", progress {record.sim[-1].progress:.0f} of 100" if record.sim else ""
    episode = f"episode {stage.episode} of {stage.num_episodes}"
    return Row(label="session", text=f"{episode}: {stage.text}, {now_s - stage.start_s:.0f} s{progress}")


def _topic_row(record: SessionRecord, label: str, topic: str, now_s: float) -> Row:
    meter = record.meter(topic)
    if meter.count == 0:
        return Row(label=label, text=f"nothing yet on {topic}", is_good=False)
    age = meter.age(now_s)
    return Row(label=label, text=f"{meter.rate(now_s):.1f} Hz, {1e3 * age:.0f} ms ago", is_good=age < LATE_S)
