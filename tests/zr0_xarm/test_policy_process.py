import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from zr0_core.death_watch import process_space
from zr0_xarm.ros.policy_process import PolicyProcess

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Watched:
    """A watch, and what it told."""

    def __init__(self) -> None:
        self.num_deaths = 0
        self.is_told = threading.Event()
        self.process = PolicyProcess(self.tell)

    def tell(self) -> None:
        self.num_deaths += 1
        self.is_told.set()


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.process.close()


@pytest.fixture
def policy() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_the_death_of_the_process_that_reports_is_told(watched: Watched, policy: subprocess.Popen[bytes]) -> None:
    for _ in range(3):
        watched.process.note(policy.pid, process_space())
    assert not watched.is_told.wait(0.1)
    policy.kill()
    assert watched.is_told.wait(5.0)
    assert watched.num_deaths == 1


def test_a_number_from_another_machine_means_nothing_here(watched: Watched, policy: subprocess.Popen[bytes]) -> None:
    watched.process.note(policy.pid, "another boot/pid:[1]")
    policy.kill()
    assert not watched.is_told.wait(0.3)


def test_a_process_that_has_ended_before_it_is_known_is_told(watched: Watched) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    watched.process.note(gone.pid, process_space())
    assert watched.is_told.is_set()


def test_a_new_process_takes_the_place_of_the_old_one(watched: Watched, policy: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen(SLEEP) as successor:
        watched.process.note(policy.pid, process_space())
        watched.process.note(successor.pid, process_space())
        policy.kill()
        assert not watched.is_told.wait(0.3)
        successor.kill()
        assert watched.is_told.wait(5.0)
