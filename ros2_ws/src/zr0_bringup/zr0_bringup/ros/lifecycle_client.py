"""Ask a lifecycle node for its state and for transitions."""

import time
from collections.abc import Callable

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node
from rclpy.task import Future

STATE_NAMES = {
    State.PRIMARY_STATE_UNKNOWN: "unknown",
    State.PRIMARY_STATE_UNCONFIGURED: "unconfigured",
    State.PRIMARY_STATE_INACTIVE: "inactive",
    State.PRIMARY_STATE_ACTIVE: "active",
    State.PRIMARY_STATE_FINALIZED: "finalized",
}
LEADS_TO = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
}
ANSWER_S = 1.0
"""How long a node that is not in transition may take to answer, seconds."""
Spin = Callable[[], None]


class LifecycleClient:
    """One lifecycle node, seen from outside.

    Args:
        node: The node that asks.
        target: Name of the lifecycle node.
        spin: Runs the asking node for a short while; it may raise to end a wait.
    """

    def __init__(self, node: Node, target: str, spin: Spin) -> None:
        self.target = target
        self._spin = spin
        self._get_state = node.create_client(GetState, f"/{target}/get_state")
        self._change_state = node.create_client(ChangeState, f"/{target}/change_state")

    def is_present(self) -> bool:
        """Ask whether the node is there and answers: services of an ended node stay visible for a while."""
        is_offered = bool(self._change_state.service_is_ready())
        return is_offered and self.state(ANSWER_S) != State.PRIMARY_STATE_UNKNOWN

    def state(self, timeout_s: float) -> int:
        """Return the node's state as a `lifecycle_msgs/State` id; unknown if it does not answer."""
        if not self._get_state.service_is_ready():
            return int(State.PRIMARY_STATE_UNKNOWN)
        future = self._get_state.call_async(GetState.Request())
        if not self._wait(future, timeout_s):
            self._get_state.remove_pending_request(future)
            return int(State.PRIMARY_STATE_UNKNOWN)
        return int(future.result().current_state.id)

    def change(self, transition: int, timeout_s: float) -> bool:
        """Ask for a transition and wait for its end; return whether it succeeded.

        Messages can be lost while the two sides still discover each other. The reply counts as lost when the node
        answers that it is where the transition leads; the request counts as lost, and is sent again, when it answers
        twice that it is where it was: a node in transition does not answer.

        Args:
            transition: A `lifecycle_msgs/Transition` id.
            timeout_s: Longest wait, seconds.
        """
        before = self.state(ANSWER_S)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            future = self._change_state.call_async(_request(transition))
            num_unchanged = 0
            while time.monotonic() < deadline and num_unchanged < 2:
                if self._wait(future, ANSWER_S):
                    return bool(future.result().success)
                state = self.state(ANSWER_S)
                if future.done():
                    return bool(future.result().success)
                if state == LEADS_TO.get(transition):
                    return True
                num_unchanged = num_unchanged + 1 if state == before else 0
            self._change_state.remove_pending_request(future)
        return False

    def _wait(self, future: Future, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not future.done():
            if time.monotonic() > deadline:
                return False
            self._spin()
        return True


def _request(transition: int) -> ChangeState.Request:
    request = ChangeState.Request()
    request.transition.id = transition
    return request
