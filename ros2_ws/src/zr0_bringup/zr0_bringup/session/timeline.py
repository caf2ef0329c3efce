"""Draw a session over time: joints, tracking, controller and policy states, latencies, progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.samples import ControllerSample, JointSample, PolicySample

STATE_COLOURS = {
    "disconnected": "#9aa0a6",
    "disabled": "#c7cad1",
    "holding": "#f2c14e",
    "tracking": "#58b368",
    "stopping": "#f08a4b",
    "homing": "#6fa8f5",
    "fault": "#d64545",
    "idle": "#c7cad1",
    "running": "#58b368",
    "waiting_for_input": "#f08a4b",
    "failed": "#d64545",
}
DPI = 110


@dataclass(frozen=True)
class _Band:
    start_s: float
    end_s: float
    state: str


def draw_timeline(record: SessionRecord, title: str, path: Path) -> None:
    """Draw a session into a PNG file, written beside its place and renamed.

    Args:
        record: The session.
        title: Heading of the picture.
        path: The file.
    """
    figure = Figure(figsize=(15, 12), layout="constrained")
    figure.suptitle(title, fontsize=14, fontweight="bold", x=0.01, ha="left")
    if record.measured and record.controller:
        _draw_panels(figure, record)
    else:
        figure.text(0.5, 0.5, "The stack did not come up: there is nothing to draw.", ha="center", fontsize=14)
    partial = path.with_name(f".{path.name}.part")
    figure.savefig(partial, dpi=DPI, format="png")
    partial.replace(path)


def _draw_panels(figure: Figure, record: SessionRecord) -> None:
    axes = figure.subplots(6, 1, sharex=True, gridspec_kw={"height_ratios": [0.7, 3.2, 1.0, 1.2, 1.4, 0.9]})
    panels = (_draw_states, _draw_joints, _draw_gripper, _draw_tracking, _draw_latencies, _draw_progress)
    for axis, draw in zip(axes, panels, strict=True):
        draw(axis, record)
        _mark_episodes(axis, record)
        axis.margins(x=0.0)
        axis.grid(axis="x", alpha=0.25)
    axes[-1].set_xlabel("seconds since the session began")


def _draw_states(axis: Axes, record: SessionRecord) -> None:
    rows: tuple[tuple[str, Sequence[ControllerSample | PolicySample]], ...] = (
        ("policy", record.policy),
        ("controller", record.controller),
    )
    seen: dict[str, str] = {}
    for row, (_, samples) in enumerate(rows):
        for band in _bands(samples):
            colour = STATE_COLOURS.get(band.state, "#333333")
            axis.broken_barh([(band.start_s, band.end_s - band.start_s)], (row - 0.4, 0.8), color=colour)
            seen[band.state] = colour
    axis.set_yticks(range(len(rows)), [name for name, _ in rows])
    axis.set_title("what the controller and the policy were doing", loc="left", pad=20.0)
    handles = [Patch(color=colour, label=state.replace("_", " ")) for state, colour in seen.items()]
    if handles:
        axis.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.4),
            frameon=False,
            fontsize=8.5,
            labelspacing=0.25,
        ).set_in_layout(False)


def _bands(samples: Sequence[ControllerSample | PolicySample]) -> list[_Band]:
    """Join samples of the same state."""
    bands: list[_Band] = []
    for sample in samples:
        if bands and bands[-1].state == sample.state:
            bands[-1] = _Band(bands[-1].start_s, sample.time_s, sample.state)
        else:
            if bands:
                bands[-1] = _Band(bands[-1].start_s, sample.time_s, bands[-1].state)
            bands.append(_Band(sample.time_s, sample.time_s, sample.state))
    return bands


def _arrays(samples: Sequence[JointSample]) -> tuple[np.ndarray, np.ndarray]:
    """Return times (T,) and positions (T, J)."""
    return (
        np.array([sample.time_s for sample in samples]),
        np.array([sample.positions for sample in samples]),
    )


def _draw_joints(axis: Axes, record: SessionRecord) -> None:
    colours = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
    for samples, style, suffix in (
        (record.measured, {"linewidth": 4.0, "alpha": 0.3}, ""),
        (record.commanded, {"linewidth": 1.1}, None),
    ):
        if not samples:
            continue
        times, positions = _arrays(samples)
        for joint, name in enumerate(record.joint_names[:-1]):
            axis.plot(
                times,
                positions[:, joint],
                color=colours[joint % 10],
                label=name if suffix is None else None,
                **style,  # type: ignore[arg-type]
            )
    _mark_chunks(axis, record)
    axis.set_ylabel("rad")
    axis.set_title(
        "arm joints: commanded (thin) over measured (broad); ticks at the bottom: an action chunk arrives", loc="left"
    )
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _mark_chunks(axis: Axes, record: SessionRecord) -> None:
    times = [chunk.time_s for chunk in record.chunks]
    axis.plot(
        times,
        np.zeros(len(times)),
        "|",
        color="#222222",
        markersize=9,
        transform=axis.get_xaxis_transform(),
        clip_on=False,
    )


def _draw_gripper(axis: Axes, record: SessionRecord) -> None:
    for samples, style in (
        (record.measured, {"linewidth": 4.0, "alpha": 0.3}),
        (record.commanded, {"linewidth": 1.1}),
    ):
        if samples:
            times, positions = _arrays(samples)
            axis.plot(times, positions[:, -1], color="#7a4fbf", **style)  # type: ignore[arg-type]
    axis.set_ylabel("rad")
    axis.set_title(
        "gripper drive joint: commanded (thin) over measured (broad); 0 is open; an object stops it on its way",
        loc="left",
    )


def _draw_tracking(axis: Axes, record: SessionRecord) -> None:
    axis.set_title("distance of the measured from the commanded arm joints, the largest of them", loc="left")
    axis.set_ylabel("degrees")
    if len(record.commanded) < 2 or not record.measured:
        return
    command_times, commanded = _arrays(record.commanded)
    times, measured = _arrays(record.measured)
    num_arm = commanded.shape[1] - 1
    at_same_time = np.stack([np.interp(times, command_times, commanded[:, joint]) for joint in range(num_arm)], axis=1)
    axis.plot(
        times, np.degrees(np.max(np.abs(at_same_time - measured[:, :num_arm]), axis=1)), color="#b5483b", linewidth=1.0
    )
    axis.set_ylim(bottom=0.0)


def _draw_latencies(axis: Axes, record: SessionRecord) -> None:
    chunk_times = [chunk.time_s for chunk in record.chunks]
    axis.plot(
        chunk_times,
        [1e3 * chunk.age_s for chunk in record.chunks],
        "o",
        color="#2f6db5",
        markersize=3.5,
        label="chunk age on arrival",
    )
    inference = [sample for sample in record.policy if sample.inference_time_s > 0.0]
    axis.plot(
        [sample.time_s for sample in inference],
        [1e3 * sample.inference_time_s for sample in inference],
        color="#e08a2e",
        linewidth=1.0,
        label="model inference",
    )
    axis.plot(
        [sample.time_s for sample in record.controller],
        [1e3 * sample.tick_lateness_max_s for sample in record.controller],
        color="#888888",
        linewidth=1.0,
        label="latest servo tick\nof the last second",
    )
    axis.set_yscale("symlog", linthresh=10.0)
    axis.set_ylim(bottom=0.0)
    axis.set_ylabel("ms")
    axis.set_title("latencies", loc="left")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _draw_progress(axis: Axes, record: SessionRecord) -> None:
    axis.plot([sample.time_s for sample in record.sim], [sample.progress for sample in record.sim], color="#3a8f4d")
    axis.set_ylim(-4.0, 104.0)
    axis.set_ylabel("of 100")
    axis.set_title("progress of the task", loc="left")


def _mark_episodes(axis: Axes, record: SessionRecord) -> None:
    for episode in record.episodes:
        colour = "#3a8f4d" if episode.is_success else "#555555"
        axis.axvspan(episode.start_s, episode.end_s, color=colour, alpha=0.07, zorder=-1)
        if axis.get_subplotspec().is_first_row():  # type: ignore[union-attr]
            verdict = "success" if episode.is_success else f"{episode.progress:.0f} of 100"
            axis.annotate(
                f"episode {episode.number}: {verdict}",
                ((episode.start_s + episode.end_s) / 2.0, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=9,
                color=colour,
            )
