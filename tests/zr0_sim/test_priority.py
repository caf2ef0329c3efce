import os
import threading

import pytest
from zr0_sim import priority


def test_what_was_got_is_what_the_system_says() -> None:
    got: list[tuple[str, int]] = []
    thread = threading.Thread(target=lambda: got.append((priority.prefer_thread(), os.sched_getscheduler(0))))
    thread.start()
    thread.join()
    words, policy = got[0]
    assert ("SCHED_FIFO" in words) == (policy == os.SCHED_FIFO)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_refusal_is_said_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "nice", refuse)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert priority.prefer_process() == "normal priority (raising it is not permitted)"
    assert priority.prefer_thread() == "normal scheduling (real-time scheduling is not permitted)"
