import os
import threading
from collections.abc import Iterator

import pytest
from zr0_sim.priority import NICENESS, prefer_threads


@pytest.fixture
def worker() -> Iterator[threading.Thread]:
    """A thread that waits."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="worker")
    thread.start()
    yield thread
    done.set()
    thread.join()


def refuse(*_: object) -> None:
    raise PermissionError


def test_what_was_got_is_what_the_system_says(worker: threading.Thread) -> None:
    words = prefer_threads({"worker": 7})
    assert worker.native_id is not None
    is_real_time = os.sched_getscheduler(worker.native_id) == os.SCHED_FIFO
    assert is_real_time == words.startswith("real-time")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # the others are left alone
    if is_real_time:
        assert os.sched_getparam(worker.native_id).sched_priority == 7


def test_without_real_time_scheduling_it_is_less_nice(
    worker: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", lambda *arguments: asked.append(arguments))
    assert prefer_threads({"worker": 7}) == "niceness -10 (real-time scheduling is not permitted)"
    assert asked == [(os.PRIO_PROCESS, worker.native_id, NICENESS)]


@pytest.mark.usefixtures("worker")
def test_a_refusal_is_said_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)
    assert prefer_threads({"worker": 7}).startswith("normal scheduling (raising it is not permitted")


def test_an_unknown_thread_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no thread named 'baker' runs, there are: .*MainThread"):
        prefer_threads({"baker": 7})
