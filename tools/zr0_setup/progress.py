"""Show what the set-up is doing, and keep what its tools print."""

import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from zr0_setup.errors import SetupError

TAIL_LINES = 25
HEARTBEAT_S = 15.0
NEWS = re.compile(r"^(Collecting|Downloading|Building wheel|Installing collected|Starting >>>|Finished <<<)\s*(\S*)")


def say(text: str) -> None:
    """Tell the person one line. It goes to stderr: stdout belongs to the command that follows the set-up."""
    sys.stderr.write(f"zr0: {text}\n")
    sys.stderr.flush()


def run_step(
    title: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path, advice: str
) -> None:
    """Run one tool of the set-up, with a line of progress and its output kept in a file.

    Args:
        title: What is being done, for a person.
        command: The tool and its arguments.
        log: File that gets all it prints.
        environment: Its environment.
        folder: Its working folder.
        advice: What to do if it fails.

    Raises:
        SetupError: It failed; the message holds the end of its output and the advice.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    line = _StatusLine(title, start)
    with (
        log.open("w") as file,
        subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for text in process.stdout:
            file.write(text)
            file.flush()
            line.show(text)
    line.end()
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        raise SetupError(
            f"{title} failed (exit code {process.returncode}). {advice}\nAll output: {log}\nIts end:\n{tail}"
        )
    say(f"{title}: done in {time.monotonic() - start:.0f} s")


class _StatusLine:
    """One line that changes in place on a terminal; now and then a new line elsewhere."""

    def __init__(self, title: str, start: float) -> None:
        self._title = title
        self._start = start
        self._last = start
        self._is_terminal = sys.stderr.isatty()
        say(f"{title} ...")

    def show(self, text: str) -> None:
        now = time.monotonic()
        news = NEWS.match(text.strip())
        if not news or (not self._is_terminal and now - self._last < HEARTBEAT_S):
            return
        self._last = now
        words = f"{now - self._start:4.0f} s  {news.group(1)} {news.group(2)}"
        sys.stderr.write(f"\r\033[K       {words[:70]}" if self._is_terminal else f"zr0:   {words}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\033[K")
