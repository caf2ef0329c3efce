"""The messages that a probe received on one topic."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Message = TypeVar("Message")


class Inbox(Generic[Message]):
    """Collects messages with their time of arrival; written by the executor's thread, read by the test's."""

    def __init__(self, topic: str, check: Callable[[], None]) -> None:
        """Begin empty.

        Args:
            topic: For failure messages.
            check: Called while waiting; raises when waiting is pointless.
        """
        self.topic = topic
        self._check = check
        self._arrived = threading.Condition()
        self._messages: list[Message] = []
        self._times_ns: list[int] = []

    def put(self, message: Message) -> None:
        """Add a message; the subscription's callback."""
        with self._arrived:
            self._messages.append(message)
            self._times_ns.append(time.time_ns())
            self._arrived.notify_all()

    def __len__(self) -> int:
        with self._arrived:
            return len(self._messages)

    @property
    def messages(self) -> list[Message]:
        """A copy of all messages, oldest first."""
        with self._arrived:
            return list(self._messages)

    @property
    def arrival_times_ns(self) -> list[int]:
        """When each message arrived, system clock, nanoseconds."""
        with self._arrived:
            return list(self._times_ns)

    @property
    def latest(self) -> Message:
        """The newest message.

        Raises:
            AssertionError: Nothing was received.
        """
        with self._arrived:
            if not self._messages:
                raise AssertionError(f"nothing was received on {self.topic}")
            return self._messages[-1]

    def clear(self) -> None:
        """Forget all messages."""
        with self._arrived:
            self._messages.clear()
            self._times_ns.clear()

    def wait(
        self,
        predicate: Callable[[Message], bool] = lambda _: True,
        timeout: float = 15.0,
        *,
        after: int = 0,
    ) -> Message:
        """Wait for a message that satisfies a predicate; return the first such.

        Args:
            predicate: What the message must satisfy; any message by default.
            timeout: Seconds.
            after: Number of messages to skip; `len(inbox)` waits for a message yet to come.

        Raises:
            AssertionError: No such message within the time; the message says how many came and shows the last.
        """
        deadline = time.monotonic() + timeout
        checked = after
        with self._arrived:
            while True:
                for message in self._messages[checked:]:
                    if predicate(message):
                        return message
                checked = max(checked, len(self._messages))
                if time.monotonic() > deadline:
                    last = _shorten(repr(self._messages[-1])) if self._messages else "none"
                    raise AssertionError(
                        f"no such message on {self.topic} within {timeout} s; {len(self._messages)} came, last: {last}"
                    )
                self._check()
                self._arrived.wait(0.1)

    def wait_count(self, count: int, timeout: float = 15.0) -> list[Message]:
        """Wait until at least `count` messages have come; return all.

        Raises:
            AssertionError: Fewer came within the time.
        """
        deadline = time.monotonic() + timeout
        with self._arrived:
            while len(self._messages) < count:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{len(self._messages)} of {count} messages on {self.topic} in {timeout} s")
                self._check()
                self._arrived.wait(0.1)
            return list(self._messages)


def _shorten(text: str, limit: int = 1500) -> str:
    return text if len(text) <= limit else text[:limit] + "..."
