"""The RunTask action."""

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future
from zr0_msgs.action import RunTask

from zr0_policy.runtime.task_runner import Outcome, TaskResult, TaskRunner

FEEDBACK_PERIOD_S = 0.1

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
        self._runner: TaskRunner | None = None
        self._goal: ServerGoalHandle | None = None
        self._state_name = ""
        self._server = ActionServer(
            node,
            RunTask,
            "/zr0/run_task",
            execute_callback=self._execute,
            goal_callback=lambda _goal: GoalResponse.ACCEPT,
            cancel_callback=self._on_cancel,
        )
        self._timer = node.create_timer(FEEDBACK_PERIOD_S, self._publish_feedback)

    @property
    def is_active(self) -> bool:
        """Whether goals are run."""
        return self._runner is not None

    def activate(self, runner: TaskRunner) -> None:
        """Run goals from now on."""
        self._runner = runner

    def deactivate(self, reason: str) -> None:
        """End the running task and refuse goals from now on."""
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

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        if goal is self._goal and self._runner is not None:
            self._runner.cancel("cancelled by the client")
        return CancelResponse.ACCEPT

    async def _execute(self, goal: ServerGoalHandle) -> RunTask.Result:
        executor = self._node.executor
        done: Future = Future(executor=executor)

        def on_end(result: TaskResult) -> None:
            done.set_result(result)
            executor.wake()

        refusal = "the policy node is not active; activate it first"
        if self._runner is not None:
            refusal = self._runner.start(goal.request.instruction, goal.request.max_duration, on_end)
        if refusal:
            self._node.get_logger().warning(f"task refused: {refusal}")
            goal.abort()
            return RunTask.Result(outcome=RunTask.Result.REFUSED, reason=refusal)
        self._goal = goal
        self._node.get_logger().info(f"task {goal.request.instruction!r} started")
        result: TaskResult = await done
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
