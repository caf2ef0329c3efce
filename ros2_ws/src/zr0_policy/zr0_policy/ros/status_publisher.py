"""The policy's sign of life: a status a hundred times a second from a thread of its own."""

import threading
from collections.abc import Callable

from rclpy.publisher import Publisher
from zr0_msgs.msg import PolicyStatus

from zr0_policy.runtime.pacing import Pacer

STATUS_RATE = 100.0
"""Hz."""


class StatusPublisher:
    """Publishes a status at a steady rate, whatever the executor and the model are doing.

    Args:
        publisher: Where to.
        make_status: Builds the status; called in this object's thread.
    """

    def __init__(self, publisher: Publisher, make_status: Callable[[], PolicyStatus]) -> None:
        self._publisher = publisher
        self._make_status = make_status
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="policy_status", daemon=True)
        self._thread.start()

    def publish(self) -> None:
        """Publish the present status; an older one never follows it."""
        with self._lock:
            self._publisher.publish(self._make_status())

    def stop(self) -> None:
        """Publish one last status and end the thread."""
        self._stop.set()
        self._thread.join()
        self.publish()

    def _run(self) -> None:
        pacer = Pacer(1.0 / STATUS_RATE)
        while not pacer.wait(self._stop):
            self.publish()
