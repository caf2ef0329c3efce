"""`zr0 up`: start a graph and keep it running until it is interrupted or a node dies."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from zr0_core.errors import Zr0Error

from zr0_bringup.bringups import bringups
from zr0_bringup.command_line import argument_values
from zr0_bringup.graph import resolve
from zr0_bringup.processes.log_tail import LogTail
from zr0_bringup.processes.node_command import process_spec
from zr0_bringup.processes.supervisor import Supervisor
from zr0_bringup.run_folder import make_run_folder

POLL_S = 0.1


def say(text: str) -> None:
    """Tell the person a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: in order.

    SIGINT is set as well: a shell script starts what it puts into the background with SIGINT ignored.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def run_up(options: argparse.Namespace) -> int:
    """Run the command; return 0 after Ctrl-C, 1 if a node died."""
    graph = bringups()[options.bringup]
    if graph.name == "sim":
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    folder = make_run_folder(Path(options.output))
    try:
        nodes = resolve(graph, argument_values(options, graph))
        specs = [process_spec(node, folder / "logs" / "ros") for node in nodes]
    except (Zr0Error, ValueError) as error:
        say(f"zr0 up: {error}")
        return 2
    supervisor = Supervisor(specs, graph.stop_order, folder / "logs", is_stopping_at_death=not options.keep_going)
    with signals_as_interrupt(), supervisor:
        supervisor.start()
        say(f"zr0 up {graph.name}: {', '.join(supervisor.running_names)}; logs in {folder / 'logs'}; Ctrl-C ends all")
        is_failed = _watch(supervisor, is_going_on=options.keep_going)
        return _stop(supervisor) or int(is_failed)


def _watch(supervisor: Supervisor, *, is_going_on: bool) -> bool:
    """Show what the nodes print until the end; return whether one died."""
    tails = {name: LogTail(supervisor.log_of(name)) for name in supervisor.running_names}
    is_failed = False
    try:
        while supervisor.running_names:
            time.sleep(POLL_S)
            ended = supervisor.poll()
            for name, tail in tails.items():
                for line in tail.new_lines():
                    say(f"[{name}] {line}")
            for end in ended:
                is_failed = True
                say(f"zr0 up: {end}; its log: {end.log}")
            if ended and not is_going_on:
                say("zr0 up: ending the others (--keep-going would keep them)")
                return True
    except KeyboardInterrupt:
        say("\nzr0 up: interrupted, ending all in order")
    return is_failed


def _stop(supervisor: Supervisor) -> int:
    """End all nodes; return 1 if one did not end well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exits = supervisor.stop()
    for end in exits:
        say(f"zr0 up: {end}")
    return int(not all(end.is_clean for end in exits))
