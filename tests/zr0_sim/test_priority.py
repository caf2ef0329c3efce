import os
import threading
from collections.abc import Iterator

import pytest
from zr0_sim.priority import prefer_threads


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


def test_what_was_got_is_what_the_system_says(workers: dict[str, int]) -> None:
    words = prefer_threads({"box": 7, "camera": 3})
    is_real_time = words == "real-time scheduling of box, camera"
    for name, priority in (("box", 7), ("camera", 3)):
        assert (os.sched_getscheduler(workers[name]) == os.SCHED_FIFO) == is_real_time
        assert os.sched_getparam(workers[name]).sched_priority == (priority if is_real_time else 0)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # the others are left alone


@pytest.mark.usefixtures("workers")
def test_a_refusal_is_said_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert prefer_threads({"box": 7}).startswith("normal scheduling (real-time is not permitted")


def test_an_unknown_thread_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no thread named 'baker' runs, there are: .*MainThread"):
        prefer_threads({"baker": 7})
