"""A second node of a process, whose callbacks may block."""

import threading

from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

from zr0_core.ros.replies import hold_replies


class SideNode:
    """Offers services and actions that may take long under another node's name, on threads of their own.

    The owner's topics then wait for nothing, and no callback has to be a coroutine: rclpy's executors poll those that
    wait, at every message.

    Args:
        owner: The node; services of absolute names appear as its own.
        name: What the side node's name adds to the owner's.
        num_threads: Callbacks that may run, or block, at a time.
    """

    def __init__(self, owner: Node, name: str, num_threads: int) -> None:
        self.node = Node(
            f"{owner.get_name()}_{name}",
            namespace=owner.get_namespace(),
            context=owner.context,
            # A remapped node name is for the owner alone.
            use_global_arguments=False,
            start_parameter_services=False,
        )
        self._executor = MultiThreadedExecutor(num_threads=num_threads, context=owner.context)
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def start(self) -> None:
        """Begin to serve what has been made by now."""
        hold_replies(self.node)
        self._executor.add_node(self.node)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; returns when the callbacks in progress have ended."""
        # The executor's own shutdown frees what a waiting thread still uses, so the thread ends first.
        self._is_ending.set()
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()

    def _spin(self) -> None:
        try:
            while not self._is_ending.is_set():
                self._executor.spin_once(timeout_sec=0.5)
        except ExternalShutdownException:
            return
