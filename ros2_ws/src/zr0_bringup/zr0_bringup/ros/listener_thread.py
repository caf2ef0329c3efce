"""Spin a node in a thread of its own."""

import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

SPIN_S = 0.2


def open_context() -> None:
    """Open the ROS context; signals stay with the command, which ends nodes in order first."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)


class ListenerThread:
    """Runs a node's callbacks until it is closed.

    Args:
        node: The node; it is destroyed when this is closed.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._executor = EventsExecutor()
        self._executor.add_node(node)
        self._must_end = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="listener")
        self._thread.start()

    def in_executor(self, function: Callable[[], Any]) -> Future:
        """Run a function in the listener's thread; return the future of its result."""
        return self._executor.create_task(function)

    def raise_error(self) -> None:
        """Raise what a callback raised, if one did."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop spinning and close the ROS context."""
        self._must_end.set()
        self._thread.join()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def _run(self) -> None:
        try:
            while not self._must_end.is_set():
                self._executor.spin_once(timeout_sec=SPIN_S)
        except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self._error = error
