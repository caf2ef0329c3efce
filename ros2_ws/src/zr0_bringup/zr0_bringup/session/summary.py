"""Say at the end what a session came to."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from zr0_bringup.session.judgement import Judgement
from zr0_bringup.session.record import SessionRecord


def print_summary(console: Console, record: SessionRecord, judgement: Judgement, folder: Path) -> None:
    """Print episodes, numbers, complaints and files.

    Args:
        console: Where to.
        record: The session.
        judgement: What it amounts to.
        folder: Where its files lie.
    """
    if record.episodes:
        console.print(_episodes(record))
    console.print(_numbers(record, judgement))
    for warning in judgement.warnings:
        console.print(f"[yellow]note[/yellow]  {warning}", highlight=False, soft_wrap=True)
    for failure in judgement.failures:
        console.print(f"[red]FAILED[/red]  {failure}", highlight=False, soft_wrap=True)
    for path in sorted(path for path in folder.iterdir() if path.name[0] != "."):
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    console.print("[red]failed[/red]" if judgement.failures else "[green]ok[/green]")


def _episodes(record: SessionRecord) -> Table:
    table = Table("episode", "seed", "instruction", "success", "progress", "seconds", "chunks", "ended by")
    for episode in record.episodes:
        table.add_row(
            str(episode.number),
            str(episode.seed),
            episode.instruction,
            "yes" if episode.is_success else "no",
            f"{episode.progress:.0f} of 100",
            f"{episode.duration_s:.1f}",
            str(episode.num_chunks),
            episode.outcome,
        )
    return table


def _numbers(record: SessionRecord, judgement: Judgement) -> Table:
    age, inference = judgement.chunk_age, judgement.inference_time
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("chunks", f"{judgement.num_chunks_accepted} accepted, {judgement.num_chunks_refused} refused")
    table.add_row("chunk age on arrival", _milliseconds(age.median_s, age.p99_s, age.max_s))
    table.add_row("chunk age growth", f"{1e3 * judgement.chunk_age_growth_s:.0f} ms over an episode")
    table.add_row("model inference", _milliseconds(inference.median_s, inference.p99_s, inference.max_s))
    table.add_row(
        "servo loop",
        f"{judgement.num_ticks} ticks, {judgement.num_ticks_missed} over 20 ms late, "
        f"latest {1e3 * judgement.tick_lateness_max_s:.1f} ms",
    )
    table.add_row("tracking", f"99 % within {judgement.tracking_error_rad * 57.29578:.2f} degrees of the command")
    rates = ", ".join(
        f"{topic} {meter.mean_rate():.1f}" for topic, meter in sorted(record.meters.items()) if meter.count
    )
    table.add_row("rates, Hz", rates)
    return table


def _milliseconds(median_s: float, p99_s: float, max_s: float) -> str:
    return f"median {1e3 * median_s:.0f} ms, 99 % {1e3 * p99_s:.0f} ms, max {1e3 * max_s:.0f} ms"
