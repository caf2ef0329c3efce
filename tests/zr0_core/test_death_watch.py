import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from zr0_core.death_watch import DeathWatch, process_space

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two processes that sleep."""
    processes = [subprocess.Popen(SLEEP) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_the_first_death_is_told_once(sleepers: list[subprocess.Popen[bytes]]) -> None:
    deaths: list[int] = []
    is_told = threading.Event()

    def on_death() -> None:
        deaths.append(1)
        is_told.set()

    watch = DeathWatch([process.pid for process in sleepers], on_death)
    assert not is_told.wait(0.1)
    for process in sleepers:
        process.kill()
    assert is_told.wait(5.0)
    watch.close()
    assert deaths == [1]


def test_a_closed_watch_tells_nothing(sleepers: list[subprocess.Popen[bytes]]) -> None:
    deaths: list[int] = []
    watch = DeathWatch([process.pid for process in sleepers], lambda: deaths.append(1))
    watch.close()
    sleepers[0].kill()
    sleepers[0].wait()
    assert not deaths


def test_a_process_that_does_not_exist_is_an_error_and_leaves_nothing_open(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ProcessLookupError):
        DeathWatch([sleepers[0].pid, gone.pid], lambda: None)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_processes_of_one_machine_share_a_space() -> None:
    program = "from zr0_core.death_watch import process_space; print(process_space())"
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    assert process_space() == other
    boot, _, namespace = other.partition("/")
    assert len(boot) == 36
    assert namespace == str(Path("/proc/self/ns/pid").readlink())
