"""Start processes, notice which one dies, and end all of them in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from zr0_core.death_watch import DeathWatch

from zr0_bringup.processes import child, guardian
from zr0_bringup.processes.spec import ProcessExit, ProcessSpec

ESCALATION = ((signal.SIGINT, 8.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0))
"""Signals, and how many seconds each is given."""
LEFTOVER_GRACE_S = 0.2
"""How long children may outlive their process."""


def kill_group(group: int) -> None:
    """Kill a process group, if it is still there."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class _Running:
    """One started process."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.signals: list[str] = []
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", child.__file__, str(os.getpid()), *spec.command],
                env={**os.environ, **spec.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal: to the process, which ends its own children; SIGKILL, the last resort, to all of them."""
        self.signals.append(number.name)
        if number is signal.SIGKILL:
            kill_group(self.process.pid)
        else:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; return whether it came."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> ProcessExit:
        """Describe how it ended."""
        return ProcessExit(
            name=self.spec.name,
            return_code=self.process.returncode,
            is_requested=bool(self.signals),
            signals_needed=tuple(self.signals),
            log=self.log,
        )


class Supervisor:
    """Processes that live and end together.

    Each has its own session, so that Ctrl-C in a terminal reaches the supervisor alone, which then ends them in
    order. If the supervisor is killed, the kernel sends SIGTERM to each, and the guardian kills what is left.

    When one of them dies, the first of the stop order gets SIGTERM at once, without waiting for `poll` and `stop`: it
    brakes the arm.

    Args:
        specs: What to run.
        stop_order: Names in the order of stopping.
        log_folder: Where each process's output goes.
        is_stopping_at_death: Whether a death stops the first of the stop order.

    Raises:
        ValueError: The stop order does not name each process once.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        stop_order: Sequence[str],
        log_folder: Path,
        *,
        is_stopping_at_death: bool = True,
    ) -> None:
        if sorted(stop_order) != sorted(spec.name for spec in specs):
            raise ValueError(f"stop_order {list(stop_order)} must name each of {[spec.name for spec in specs]} once")
        self._specs = tuple(specs)
        self._stop_order = tuple(stop_order)
        self._log_folder = log_folder
        self._running: dict[str, _Running] = {}
        self._guardian: subprocess.Popen[str] | None = None
        self._is_stopping_at_death = is_stopping_at_death
        self._death_watch: DeathWatch | None = None

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all processes."""
        self._log_folder.mkdir(parents=True, exist_ok=True)
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        for spec in self._specs:
            self._running[spec.name] = _Running(spec, self.log_of(spec.name))
            self._tell_guardian(str(self._running[spec.name].process.pid))
        if self._is_stopping_at_death:
            first = self._running[self._stop_order[0]]
            pids = [running.process.pid for running in self._running.values() if running is not first]
            self._death_watch = DeathWatch(pids, lambda: first.send(signal.SIGTERM))

    def log_of(self, name: str) -> Path:
        """Return the file that gets what a process prints."""
        return self._log_folder / f"{name}.log"

    @property
    def running_names(self) -> tuple[str, ...]:
        """Names of the processes that were started and whose end was not reported yet."""
        return tuple(self._running)

    def pid_of(self, name: str) -> int:
        """Return the process id of a running process."""
        return self._running[name].process.pid

    def poll(self) -> list[ProcessExit]:
        """Return the processes that ended by themselves since the last call."""
        ended = [name for name, running in self._running.items() if running.process.poll() is not None]
        return [self._close(name) for name in ended]

    def stop(self) -> list[ProcessExit]:
        """End what still runs, one after the other in the stop order, and return how each ended."""
        if self._death_watch is not None:
            self._death_watch.close()
            self._death_watch = None
        exits = self.poll()
        for name in self._stop_order:
            if name in self._running:
                self._end(self._running[name])
                exits.append(self._close(name))
        if self._guardian is not None:
            self._tell_guardian(guardian.DONE)
            assert self._guardian.stdin is not None
            self._guardian.stdin.close()
            self._guardian.wait()
            self._guardian = None
        return exits

    def _end(self, running: _Running) -> None:
        sent = [index for index, (number, _) in enumerate(ESCALATION) if number.name in running.signals]
        for number, seconds in ESCALATION[max(sent, default=0) :]:
            if number.name not in running.signals:
                running.send(number)
            if running.wait(seconds):
                return
        raise RuntimeError(f"process {running.process.pid} of {running.spec.name} cannot be ended, even by SIGKILL")

    def _close(self, name: str) -> ProcessExit:
        """Take a process off the list, and end children that it left behind."""
        running = self._running.pop(name)
        end = running.end()
        if guardian.is_alive(running.process.pid):
            time.sleep(LEFTOVER_GRACE_S)
            kill_group(running.process.pid)
        return end

    def _tell_guardian(self, line: str) -> None:
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        self._guardian.stdin.write(line + "\n")
        self._guardian.stdin.flush()
