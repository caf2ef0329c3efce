"""The RunTask action."""

import queue
import threading

from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from zr0_core.ros.replies import when_heard
from zr0_core.ros.side_node import SideNode
from zr0_msgs.action import RunTask

from zr0_policy.runtime.task_runner import Outcome, TaskResult, TaskRunner

ACTION = "/zr0/run_task"
CANCELLED = "cancelled by the client"
FEEDBACK_PERIOD_S = 0.1
NUM_THREADS = 4
"""One for the task that runs, the others for goals that are refused, cancelling and feedback."""

_OUTCOMES = {
    Outcome.TIME_UP: RunTask.Result.TIME_UP,
    Outcome.CANCELLED: RunTask.Result.CANCELLED,
    Outcome.FAILED: RunTask.Result.FAILED,
}


class RunTaskServer:
    """Serves the RunTask action by a runner, one goal at a time, for as long as the node lives.

    A goal that cannot run is accepted and ended at once as REFUSED: only so can it carry the reason.

    Args:
        node: The node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        # Goals and cancel requests come in several threads.
        self._lock = threading.Lock()
        self._runner: TaskRunner | None = None
        self._goal: ServerGoalHandle | None = None
        self._cancelled: set[bytes] = set()
        self._state_name = ""
        self._side = SideNode(node, "tasks", num_threads=NUM_THREADS)
        self._server = ActionServer(
            self._side.node,
            RunTask,
            ACTION,
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            callback_group=ReentrantCallbackGroup(),
        )
        self._own_client = ActionClient(self._side.node, RunTask, ACTION)
        self._side.node.create_timer(FEEDBACK_PERIOD_S, self._publish_feedback)
        self._side.start()

    def close(self) -> None:
        """Stop serving; the running task must have been ended."""
        self._side.close()

    @property
    def is_active(self) -> bool:
        """Whether goals are run."""
        return self._runner is not None

    def activate(self, runner: TaskRunner) -> None:
        """Run goals from now on."""
        self._runner = runner

    def begin(self, instruction: str) -> None:
        """Start a task as a client would: it has no end, and can be cancelled through the action like any other."""
        self._own_client.send_goal_async(RunTask.Goal(instruction=instruction))

    def deactivate(self, reason: str) -> None:
        """End the running task and refuse goals from now on."""
        with self._lock:
            runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel(reason)
            runner.join()

    @property
    def has_goal(self) -> bool:
        """Whether a goal's result is still to be sent."""
        return self._goal is not None

    def set_state_name(self, name: str) -> None:
        """Set the policy state that feedback reports."""
        self._state_name = name

    def _on_goal(self, _goal: RunTask.Goal) -> GoalResponse:
        # The answer goes out when this returns; a client that cannot hear it yet would never learn that its goal runs.
        heard = threading.Event()
        when_heard(self._side.node, f"{ACTION}/_action/send_goal", heard.set)
        heard.wait()
        return GoalResponse.ACCEPT

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        with self._lock:
            if goal is self._goal and self._runner is not None:
                self._runner.cancel(CANCELLED)
            elif goal.is_active:
                # It was accepted, and is about to start.
                self._cancelled.add(bytes(goal.goal_id.uuid))
        return CancelResponse.ACCEPT

    def _execute(self, goal: ServerGoalHandle) -> RunTask.Result:
        results: queue.SimpleQueue[TaskResult] = queue.SimpleQueue()
        refusal = self._start(goal, results)
        if refusal:
            self._node.get_logger().warning(f"task refused: {refusal}")
            goal.abort()
            return RunTask.Result(outcome=RunTask.Result.REFUSED, reason=refusal)
        self._node.get_logger().info(f"task {goal.request.instruction!r} started")
        result = results.get()
        with self._lock:
            # Another goal may run by now.
            if self._goal is goal:
                self._goal = None
        self._node.get_logger().info(f"task ended: {result.outcome.value}: {result.reason}, {result.num_chunks} chunks")
        if goal.is_cancel_requested:
            goal.canceled()
        elif result.outcome is Outcome.TIME_UP:
            goal.succeed()
        else:
            goal.abort()
        return RunTask.Result(
            outcome=_OUTCOMES[result.outcome],
            reason=result.reason,
            num_chunks=result.num_chunks,
            duration=result.duration_s,
        )

    def _start(self, goal: ServerGoalHandle, results: "queue.SimpleQueue[TaskResult]") -> str:
        """Start a goal's task; return why not, or nothing."""
        with self._lock:
            is_cancelled = bytes(goal.goal_id.uuid) in self._cancelled
            self._cancelled.discard(bytes(goal.goal_id.uuid))
            if self._runner is None:
                return "the policy node is not active; activate it first"
            refusal = self._runner.start(goal.request.instruction, goal.request.max_duration, results.put)
            if not refusal:
                self._goal = goal
                if is_cancelled:
                    self._runner.cancel(CANCELLED)
            return refusal

    def _publish_feedback(self) -> None:
        goal, runner = self._goal, self._runner
        if goal is None or runner is None or not goal.is_active:
            return
        progress = runner.progress
        goal.publish_feedback(
            RunTask.Feedback(
                elapsed=progress.elapsed_s,
                num_chunks=progress.num_chunks,
                latency=progress.latency_s,
                policy_state=self._state_name,
            )
        )
