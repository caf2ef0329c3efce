"""Do what an operator does: set up the task, send the arm home, let the policy go, and stop it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import SetBool, Trigger
from zr0_core.errors import Zr0Error
from zr0_msgs.action import RunTask
from zr0_msgs.srv import ResetTask

from zr0_bringup.ros.constant_names import constant_names

REPLY_TIMEOUT_S = 30.0
APPEAR_TIMEOUT_S = 30.0
POLL_S = 0.02


class OperatorError(Zr0Error):
    """A service or action was refused or did not answer; the message names it and says why."""


@dataclass(frozen=True, kw_only=True)
class TaskOutcome:
    """The result of a task."""

    outcome: str
    """done, time_up, cancelled, refused or failed."""
    reason: str
    """Why."""
    num_chunks: int
    """Chunks published."""


class Operator:
    """Clients of the stack's services and action.

    Another thread spins the node; these calls block. Requests of the action are sent from that thread: rclpy's action
    client drops an answer that arrives before the sending call has returned.

    Args:
        node: The node that the clients belong to.
        in_executor: Runs a function in the thread that spins the node; returns the future of its result.
        on_wait: Called all the time while waiting; it may raise to end the wait.
    """

    def __init__(
        self, node: Node, in_executor: Callable[[Callable[[], Any]], Future], on_wait: Callable[[], None]
    ) -> None:
        self._in_executor = in_executor
        self._on_wait = on_wait
        self._reset = node.create_client(ResetTask, "/sim/reset_task")
        self._enable = node.create_client(SetBool, "/arm_controller/enable")
        self._home = node.create_client(Trigger, "/arm_controller/home")
        self._recover = node.create_client(Trigger, "/arm_controller/recover")
        self._task = ActionClient(node, RunTask, "/zr0/run_task")

    def reset_task(self, task: str, seed: int) -> str:
        """Set up the task's objects; return the instruction.

        Raises:
            OperatorError: The simulator refused or did not answer.
        """
        reply = self._call(self._reset, ResetTask.Request(task=task, seed=seed))
        if not reply.success:
            raise OperatorError(f"the simulator cannot set up task {task!r}: {reply.message}")
        return str(reply.instruction)

    def enable(self) -> None:
        """Switch the arm's motors on.

        Raises:
            OperatorError: The controller refused or did not answer.
        """
        self._require(self._call(self._enable, SetBool.Request(data=True)), "enable the arm")

    def recover(self) -> None:
        """Leave a fault.

        Raises:
            OperatorError: The controller refused or did not answer.
        """
        self._require(self._call(self._recover, Trigger.Request()), "recover")

    def home(self) -> None:
        """Move to the home position.

        Raises:
            OperatorError: The controller refused or did not answer.
        """
        self._require(self._call(self._home, Trigger.Request()), "send the arm home")

    def start_task(self, instruction: str, max_duration_s: float) -> Any:
        """Let the policy go; return the handle of its goal.

        Raises:
            OperatorError: The policy refused or did not answer.
        """
        self._until(self._task.server_is_ready, APPEAR_TIMEOUT_S, "action /zr0/run_task does not appear")
        goal = RunTask.Goal(instruction=instruction, max_duration=max_duration_s)
        handle = self._answer(lambda: self._task.send_goal_async(goal), "action /zr0/run_task")
        if not handle.accepted:
            raise OperatorError("the policy did not accept the task; its log says why")
        return handle

    def result_of(self, handle: Any) -> Future:
        """Ask for a task's result, and return its future."""
        future: Future = self._result(self._in_executor(handle.get_result_async), "action /zr0/run_task")
        return future

    def end_task(self, handle: Any, result: Future) -> TaskOutcome:
        """Cancel a task unless it has ended, and return its outcome.

        Raises:
            OperatorError: The policy did not answer.
        """
        if not result.done():
            self._answer(handle.cancel_goal_async, "cancelling /zr0/run_task")
        reply = self._result(result, "the result of /zr0/run_task").result
        names = constant_names(RunTask.Result)
        return TaskOutcome(outcome=names[reply.outcome], reason=reply.reason, num_chunks=reply.num_chunks)

    @staticmethod
    def _require(reply: Any, what: str) -> None:
        if not reply.success:
            raise OperatorError(f"the controller does not {what}: {reply.message}")

    def _call(self, client: Any, request: Any) -> Any:
        self._until(client.service_is_ready, APPEAR_TIMEOUT_S, f"service {client.srv_name} does not appear")
        return self._result(client.call_async(request), f"service {client.srv_name}")

    def _answer(self, send: Callable[[], Future], what: str) -> Any:
        return self._result(self._result(self._in_executor(send), what), what)

    def _result(self, future: Future, what: str) -> Any:
        self._until(future.done, REPLY_TIMEOUT_S, f"{what} does not answer")
        return future.result()

    def _until(self, is_done: Callable[[], bool], seconds: float, complaint: str) -> None:
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                raise OperatorError(f"{complaint} within {seconds:.0f} s")
            self._on_wait()
            time.sleep(POLL_S)
