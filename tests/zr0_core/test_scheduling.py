import os
import threading
from collections.abc import Iterator

import pytest
from zr0_core.scheduling import REFUSED, Priority, be_ordinary, prefer_thread, prefer_threads


@pytest.fixture
def workers() -> Iterator[dict[str, int]]:
    """Two threads that wait: their names and the system's numbers for them."""
    done = threading.Event()
    threads = [threading.Thread(target=done.wait, name=name) for name in ("box", "camera")]
    for thread in threads:
        thread.start()
    yield {thread.name: thread.native_id or 0 for thread in threads}
    done.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that permits nothing."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)


def test_what_was_got_is_what_the_system_says(workers: dict[str, int]) -> None:
    words = prefer_threads({"box": Priority.CONTROL_BOX, "camera": Priority.CAMERAS})
    is_real_time = words == "real-time scheduling of box, camera"
    for name, priority in (("box", 10), ("camera", 5)):
        assert (os.sched_getscheduler(workers[name]) == os.SCHED_FIFO) == is_real_time
        assert os.sched_getparam(workers[name]).sched_priority == (priority if is_real_time else 0)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # the others are left alone


def test_threads_inherit_until_one_gives_it_up() -> None:
    """Runs in a thread, whose priority ends with it."""
    found: list[int] = []

    def note() -> None:
        found.append(os.sched_getscheduler(0))

    def note_ordinary() -> None:
        be_ordinary()
        note()

    def work() -> None:
        words.append(prefer_thread(Priority.POLICY_NODE))
        for target in (note, note_ordinary):
            child = threading.Thread(target=target)
            child.start()
            child.join()

    words: list[str] = []
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    inherited = os.SCHED_FIFO if words == ["real-time priority 4"] else os.SCHED_OTHER
    assert found == [inherited, os.SCHED_OTHER]


@pytest.mark.usefixtures("workers", "refused")
def test_a_refusal_is_said_and_not_raised() -> None:
    assert prefer_threads({"box": Priority.CONTROL_BOX}) == REFUSED
    assert prefer_thread(Priority.CONTROLLER) == REFUSED


def test_an_unknown_thread_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no thread named 'baker' runs, there are: .*MainThread"):
        prefer_threads({"baker": Priority.CAMERAS})


def test_the_order_is_what_the_loop_needs() -> None:
    """The loop before all, the arm before who commands it, the controller before those that only look."""
    assert list(Priority) == sorted(Priority, reverse=True)
