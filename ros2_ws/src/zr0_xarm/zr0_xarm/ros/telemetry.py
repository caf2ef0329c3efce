"""Publish what is measured and commanded as soon as it is known."""

import threading
from collections.abc import Callable


class Telemetry:
    """A thread that publishes when told that something is new.

    Publishing takes a tenth of a millisecond or more; neither the control loop nor the SDK's report thread waits for
    it, and the executor is not woken a hundred times a second for it.
    """

    def __init__(self, publish: Callable[[frozenset[str]], None]) -> None:
        """Make a publisher.

        Args:
            publish: Called with the topics that have news, from the thread.
        """
        self._publish = publish
        self._news: set[str] = set()
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Start publishing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop publishing; returns when the thread has ended."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def note(self, topic: str) -> None:
        """Tell that a topic has news; callable from any thread, returns at once."""
        with self._changed:
            self._news.add(topic)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._is_ending)
                if self._is_ending:
                    return
                news, self._news = frozenset(self._news), set()
            self._publish(news)
