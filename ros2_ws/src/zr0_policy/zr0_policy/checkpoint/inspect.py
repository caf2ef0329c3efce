"""Show what a checkpoint directory holds and whether it can be served: `python -m zr0_policy.checkpoint.inspect`."""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_policy.checkpoint.checkpoint import ServingFacts
from zr0_policy.checkpoint.inspect_arguments import DESCRIPTION, add_arguments
from zr0_policy.checkpoint.inspection import Inspection, WeightsSummary, inspect_checkpoint
from zr0_policy.checkpoint.locate import locate

SERVED_BYTES = 2
"""Bytes of a number in bfloat16, which is what a GPU gets."""

Row = tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 with the reasons if the checkpoint cannot be served."""
    parser = argparse.ArgumentParser(prog="python -m zr0_policy.checkpoint.inspect", description=DESCRIPTION)
    add_arguments(parser)
    return run_inspect(parser.parse_args(arguments))


def run_inspect(options: argparse.Namespace) -> int:
    """Print what was found; return 1 with the reasons if the checkpoint cannot be served."""
    logging.basicConfig(level=logging.ERROR)
    console = Console(width=None if Console().is_terminal else 160)
    try:
        robot = None if options.robot is None else Embodiment.load(options.robot)
        directory = locate(options.checkpoint)
        inspection = inspect_checkpoint(directory, facts_directory=options.facts, robot=robot)
    except Zr0Error as error:
        console.print(f"[red]cannot be served[/red]: {escape(str(error))}")
        return 1
    print_inspection(console, directory, inspection)
    return int(bool(inspection.reasons))


def print_inspection(console: Console, directory: Path, inspection: Inspection) -> None:
    """Print tables of what was found, then the verdict."""
    table = Table(title=escape(str(directory)), title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in _rows(inspection):
        table.add_row(name, escape(value))
    console.print(table)
    if inspection.facts is not None:
        console.print(_statistics_table(inspection.facts))
    for reason in inspection.reasons:
        console.print(f"[red]cannot be served[/red]: {escape(reason)}")
    if not inspection.reasons:
        console.print("[green]can be served[/green]")


def _rows(inspection: Inspection) -> Iterator[Row]:
    yield "size", f"{_size(inspection.num_file_bytes)} in files"
    yield "layout", inspection.style or "unreadable"
    yield "vision-language model", _weights(inspection.vlm)
    yield "action expert", _weights(inspection.expert)
    if inspection.vlm is not None and inspection.expert is not None:
        num_parameters = inspection.vlm.num_parameters + inspection.expert.num_parameters
        yield "on a device", f"{_size(num_parameters * SERVED_BYTES)} as bfloat16"
    yield "vocabulary", "unreadable" if inspection.num_tokens is None else f"{inspection.num_tokens:,} tokens"
    if inspection.facts is not None:
        yield from _fact_rows(inspection.facts)
    yield "missing", ", ".join(inspection.missing) or "nothing"


def _fact_rows(facts: ServingFacts) -> Iterator[Row]:
    embodiment, provenance = facts.embodiment, facts.provenance
    yield "embodiment", f"{embodiment.name} version {embodiment.version}, {embodiment.content_hash[:12]}"
    for camera in embodiment.cameras:
        yield "camera", f"{camera.key}, {camera.width}x{camera.height}, {camera.topic}"
    yield "state", ", ".join(embodiment.state.names)
    yield "action", f"{embodiment.action.space}: {', '.join(embodiment.action.names)}"
    yield "chunk", f"{embodiment.action.horizon} rows of {embodiment.action.step_period} s"
    yield "options", json.dumps(facts.options.to_mapping())
    yield "provenance", f"{'fitted' if provenance.is_trained else 'untrained'}: {provenance.description}"
    for name in ("seed", "code_version", "data", "training", "measured"):
        value = getattr(provenance, name)
        if value not in ("", {}):
            yield f"  {name}", json.dumps(value) if isinstance(value, dict) else str(value)


def _statistics_table(facts: ServingFacts) -> Table:
    table = Table("feature", "component", "min", "q01", "q99", "max", "", box=None, padding=(0, 2, 0, 0))
    for key, statistics in facts.statistics.items():
        columns = (statistics.minimum, statistics.q01, statistics.q99, statistics.maximum)
        for index, name in enumerate(statistics.names):
            values = ["-" if column is None else f"{column[index]:.4f}" for column in columns]
            table.add_row(escape(key), escape(name), *values, "pinned" if name in facts.options.pinned else "")
    return table


def _weights(summary: WeightsSummary | None) -> str:
    if summary is None:
        return "unreadable"
    files = "1 file" if summary.num_files == 1 else f"{summary.num_files} files"
    return f"{summary.num_parameters:,} parameters, {_size(summary.num_bytes)} as {', '.join(summary.dtypes)}, {files}"


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
