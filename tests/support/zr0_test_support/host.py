"""A ROS context with its own executor thread, for nodes inside the test process."""

import threading
from types import TracebackType
from typing import Self

from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node


class RosHost:
    """Runs nodes of one domain in a thread until closed.

    Nodes are made with `Node(name, context=host.context)` and handed to `add`; the host destroys them.
    """

    def __init__(self, domain_id: int) -> None:
        self.context = Context()
        self.context.init(domain_id=domain_id)
        self.executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Node] = []
        self._error: BaseException | None = None
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="ros host", daemon=True)
        self._thread.start()

    def add(self, node: Node) -> None:
        """Run a node."""
        self._nodes.append(node)
        self.executor.add_node(node)

    def raise_errors(self) -> None:
        """Raise what a callback raised, since that ended the executor.

        Raises:
            RuntimeError: From the callback's error.
        """
        if self._error is not None:
            raise RuntimeError(f"a callback raised {self._error!r}") from self._error

    def close(self) -> None:
        """Stop the thread and destroy the nodes.

        Raises:
            RuntimeError: A callback raised, or the executor did not stop.
        """
        # The executor's own shutdown frees what a waiting thread still uses, so the thread ends first.
        self._is_stopping.set()
        self.executor.wake()
        self._thread.join(5.0)
        is_stuck = self._thread.is_alive()
        if not is_stuck:
            self.executor.shutdown()
            for node in self._nodes:
                node.destroy_node()
        self.context.try_shutdown()
        if is_stuck:
            raise RuntimeError("a callback did not return within 5 s of shutdown")
        self.raise_errors()

    def _spin(self) -> None:
        try:
            while self.context.ok() and not self._is_stopping.is_set():
                self.executor.spin_once(timeout_sec=0.5)
        except ExternalShutdownException:
            pass
        except BaseException as error:  # noqa: BLE001  Handed to the test by `raise_errors`.
            self._error = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
