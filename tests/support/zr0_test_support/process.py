"""A node as a real process."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ament_index_python.packages import get_package_prefix

Parameter = bool | int | float | str | Sequence[str] | Sequence[float]


class NodeProcess:
    """A node's executable, found in the ament index, run in its own process group.

    As a context manager it stops the node at the end and raises if that needed more than SIGINT, or if the node ended
    by itself with a code other than 0 that no `kill` or `wait_exit` of the test accounts for.
    """

    def __init__(
        self,
        package: str,
        executable: str,
        *,
        log_folder: Path,
        environment: Mapping[str, str],
        parameters: Mapping[str, Parameter] | None = None,
        remappings: Mapping[str, str] | None = None,
        node_name: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        """Start the process.

        Args:
            package: ROS package.
            executable: File in the package's `lib` folder.
            log_folder: Where its output goes, stdout and stderr together.
            environment: Variables added to this process's own.
            parameters: Node parameters.
            remappings: Names in the node to names in the graph.
            node_name: Name of the node in the graph, where it differs from the node's own.
            arguments: Further command line arguments, before the ROS ones.

        Raises:
            RuntimeError: The package has no such executable.
        """
        path = Path(get_package_prefix(package), "lib", package, executable)
        if not path.is_file():
            there = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
            raise RuntimeError(f"{package} has no executable {executable!r}, available: {', '.join(there) or 'none'}")
        command = [str(path), *arguments, "--ros-args"]
        for name, value in (parameters or {}).items():
            command += ["-p", f"{name}:={json.dumps(value)}"]
        for name, target in (remappings or {}).items():
            command += ["-r", f"{name}:={target}"]
        if node_name is not None:
            command += ["-r", f"__node:={node_name}"]
        self.name = node_name or executable
        log_folder.mkdir(parents=True, exist_ok=True)
        self.log_path = _unused(log_folder, self.name)
        self._is_end_expected = False
        with self.log_path.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env={name: text for name, text in os.environ.items() if name != "ROS_LOCALHOST_ONLY"}
                | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, which is also the process group id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, or None while running; negative for a signal."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def log(self) -> str:
        """Return what it has printed."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def log_tail(self, num_lines: int = 40) -> str:
        """Return the last lines that it has printed, under a heading, for a failure message."""
        lines = self.log().splitlines()[-num_lines:]
        return "\n".join([f"--- last output of {self.name} ({self.log_path}) ---", *lines, "---"])

    def wait_for_log(self, pattern: str, timeout: float = 15.0) -> re.Match[str]:
        """Wait until its output matches a regular expression.

        Raises:
            AssertionError: It ended before, or the time passed.
        """
        deadline = time.monotonic() + timeout
        while True:
            is_running = self.is_running
            match = re.search(pattern, self.log())
            if match:
                return match
            if not is_running:
                raise AssertionError(
                    f"{self.name} ended with {self.returncode} before printing {pattern!r}\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not print {pattern!r} within {timeout} s\n{self.log_tail()}")
            time.sleep(0.02)

    def wait_exit(self, timeout: float = 15.0) -> int:
        """Wait until it ends by itself; return its exit code.

        Raises:
            AssertionError: It is still running after the time.
        """
        self._is_end_expected = True
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.name} did not end within {timeout} s\n{self.log_tail()}") from error

    def kill(self) -> None:
        """Kill it at once, as a crash would, and reap it."""
        self._is_end_expected = True
        self._signal(signal.SIGKILL)
        self._process.wait()

    def interrupt(self) -> None:
        """Send SIGINT, as Ctrl-C does, and return at once."""
        self._is_end_expected = True
        self._signal(signal.SIGINT)

    def stop(self, timeout: float = 8.0) -> None:
        """End it by SIGINT; never leave it running.

        Raises:
            AssertionError: It needed more than SIGINT, ended with a code other than 0, or had ended with one before.
        """
        was_running = self.is_running
        self._signal(signal.SIGINT)
        for next_signal, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 3.0)):
            try:
                code = self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._signal(next_signal)
                continue
            if next_signal is not signal.SIGTERM:
                raise AssertionError(f"{self.name} ignored SIGINT for {timeout} s\n{self.log_tail()}")
            if code != 0 and not self._is_end_expected:
                when = "at SIGINT" if was_running else "before it was stopped"
                raise AssertionError(f"{self.name} ended with {code} {when}\n{self.log_tail()}")
            return
        self._process.wait()
        raise AssertionError(f"{self.name} ignored SIGINT and SIGTERM and was killed\n{self.log_tail()}")

    def _signal(self, number: signal.Signals) -> None:
        # After poll() has reaped the leader its group id could be another's, so only a live leader is signalled.
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


StartNode = Callable[..., NodeProcess]
"""What the fixture `start_node` gives: `NodeProcess` without `log_folder` and `environment`."""


def _unused(folder: Path, name: str) -> Path:
    candidates = (folder / f"{name}{suffix}.log" for suffix in ("", *(f"_{number}" for number in range(2, 1000))))
    return next(path for path in candidates if not path.exists())
