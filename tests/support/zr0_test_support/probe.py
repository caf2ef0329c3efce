"""A node that looks at other nodes from outside."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

from zr0_test_support.host import RosHost
from zr0_test_support.inbox import Inbox

DISCOVERY_TIMEOUT = 15.0
"""Seconds. Discovery takes 0.3 s, now and then 3 s."""
_numbers = itertools.count(1)


class Probe:
    """Subscribes, publishes, calls services, sends goals, drives lifecycles and waits.

    Messages are handled in the host's thread; every method here is called from the test and blocks until done.
    """

    def __init__(self, host: RosHost) -> None:
        self._host = host
        self.node = Node(f"probe_{next(_numbers)}", context=host.context, start_parameter_services=False)
        host.add(self.node)

    def subscribe(self, message_type: type[Any], topic: str, qos: QoSProfile | int = 10) -> Inbox[Any]:
        """Collect the messages of a topic from now on."""
        inbox: Inbox[Any] = Inbox(topic, self._host.raise_errors)
        self.node.create_subscription(message_type, topic, inbox.put, qos)
        return inbox

    def publisher(
        self, message_type: type[Any], topic: str, qos: QoSProfile | int = 10, *, num_subscribers: int = 1
    ) -> Publisher:
        """Make a publisher and wait until it is matched with that many subscribers.

        Raises:
            AssertionError: Too few subscribers appeared.
        """
        publisher = self.node.create_publisher(message_type, topic, qos)
        self.wait(
            lambda: publisher.get_subscription_count() >= num_subscribers,
            what=f"{num_subscribers} subscribers of {topic} with a matching QoS",
        )
        return publisher

    def wait(
        self, predicate: Callable[[], bool], timeout: float = DISCOVERY_TIMEOUT, *, what: str = "the condition"
    ) -> None:
        """Wait until a predicate holds.

        Raises:
            AssertionError: It did not hold within the time.
        """
        deadline = time.monotonic() + timeout
        while not predicate():
            self._host.raise_errors()
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout} s in vain for {what}")
            time.sleep(0.01)

    def wait_node(self, name: str, timeout: float = DISCOVERY_TIMEOUT) -> None:
        """Wait until a node, named like `/policy`, is in the graph.

        Raises:
            AssertionError: It did not appear.
        """
        self.wait(lambda: name in self._node_names(), timeout, what=f"node {name}")

    def call(self, service_type: type[Any], name: str, request: Any = None, timeout: float = 15.0) -> Any:
        """Call a service and return its response.

        Args:
            service_type: Service type.
            name: Name of the service.
            request: The request; an empty one by default.
            timeout: Seconds for the service to appear, and again for the response.

        Raises:
            AssertionError: No such service, or no response.
        """
        client = self.node.create_client(service_type, name)
        try:
            self.wait(client.service_is_ready, timeout, what=f"service {name}")
            asked = request if request is not None else service_type.Request()
            return self.result(client.call_async(asked), timeout, what=f"a response from {name}")
        finally:
            self.node.destroy_client(client)

    def result(self, future: Any, timeout: float = 15.0, *, what: str = "a result") -> Any:
        """Wait for a future and return its result.

        Raises:
            AssertionError: It was not done within the time.
        """
        is_done = threading.Event()
        future.add_done_callback(lambda _: is_done.set())
        self.wait(is_done.is_set, timeout, what=what)
        return future.result()

    def send_goal(
        self, action_type: type[Any], name: str, goal: Any, *, feedback: Callable[[Any], None] | None = None
    ) -> Any:
        """Send an action goal and return its handle, accepted or not.

        Use `ask(handle.get_result_async)` and `ask(handle.cancel_goal_async)` on it.

        Raises:
            AssertionError: No such action, or no answer.
        """
        client = ActionClient(self.node, action_type, name)
        self.wait(client.server_is_ready, what=f"action {name}")
        return self.ask(lambda: client.send_goal_async(goal, feedback_callback=feedback), what=f"an answer from {name}")

    def send(self, request: Callable[[], Any]) -> Any:
        """Send a request of an action in the host's thread; return the future of its answer.

        rclpy's action client drops an answer that arrives before the sending call has returned in another thread.

        Args:
            request: Such as a goal handle's `cancel_goal_async` or `get_result_async`.
        """
        return self.result(self._host.executor.create_task(request), what="the request to be sent")

    def ask(self, request: Callable[[], Any], timeout: float = 15.0, *, what: str = "an answer") -> Any:
        """Send a request of an action as `send` does, and wait for its answer.

        Raises:
            AssertionError: No answer within the time.
        """
        return self.result(self.send(request), timeout, what=what)

    def transition(self, node: str, transition: int, timeout: float = 60.0) -> bool:
        """Ask a lifecycle node, named like `/policy`, for a transition; return whether it succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call(ChangeState, f"{node}/change_state", request, timeout).success)

    def configure(self, node: str) -> bool:
        """Configure a lifecycle node; return whether it succeeded."""
        return self.transition(node, Transition.TRANSITION_CONFIGURE)

    def activate(self, node: str) -> bool:
        """Activate a lifecycle node; return whether it succeeded."""
        return self.transition(node, Transition.TRANSITION_ACTIVATE)

    def deactivate(self, node: str) -> bool:
        """Deactivate a lifecycle node; return whether it succeeded."""
        return self.transition(node, Transition.TRANSITION_DEACTIVATE)

    def cleanup(self, node: str) -> bool:
        """Clean up a lifecycle node; return whether it succeeded."""
        return self.transition(node, Transition.TRANSITION_CLEANUP)

    def lifecycle_state(self, node: str) -> str:
        """Return the label of a lifecycle node's state: unconfigured, inactive, active or finalized."""
        return str(self.call(GetState, f"{node}/get_state").current_state.label)

    def _node_names(self) -> list[str]:
        found = self.node.get_node_names_and_namespaces()
        return [f"{namespace.rstrip('/')}/{name}" for name, namespace in found]
