"""The policy node: observations in, action chunks out."""

import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    NameValidationException,
)
from rclpy.experimental import EventsExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from zr0_core.death_watch import process_space
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.memory import reuse_image_memory
from zr0_core.policy import PolicyContext
from zr0_core.ros.replies import hold_replies
from zr0_core.scheduling import Priority, prefer_thread
from zr0_core.types import ActionChunk
from zr0_msgs.msg import ActionChunk as ActionChunkMessage
from zr0_msgs.msg import PolicyStatus

from zr0_policy.chunking.delay import DelayRecord
from zr0_policy.chunking.strategies import make_strategy, require_guidance
from zr0_policy.chunking.strategy import ChunkStrategy
from zr0_policy.ros import qos
from zr0_policy.ros.diagnostics import InputRates, diagnostics
from zr0_policy.ros.input_subscriptions import InputSubscriptions
from zr0_policy.ros.messages import chunk_message
from zr0_policy.ros.parameters import declare_parameters, read_parameters
from zr0_policy.ros.run_task_server import RunTaskServer
from zr0_policy.ros.status_publisher import StatusPublisher
from zr0_policy.ros.status_report import STATE_NAMES, idle_status, loaded_status
from zr0_policy.runtime.inference_process import InferenceProcess
from zr0_policy.runtime.input_buffer import InputBuffer
from zr0_policy.runtime.task_runner import TaskRunner

DIAGNOSTICS_PERIOD_S = 1.0
RESULT_GRACE_S = 0.2
"""How long a node that is asked to end waits for the result of its task to be fetched, seconds."""
SWITCH_INTERVAL = 0.0005
"""How long a thread may keep the interpreter while the status, which must be on time, waits for it, s."""


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """What exists between configure and cleanup."""

    inputs: InputBuffer
    policy: InferenceProcess
    runner: TaskRunner
    subscriptions: InputSubscriptions


class PolicyNode(LifecycleNode):
    """Loads a policy in `configure` and runs tasks while active."""

    def __init__(self) -> None:
        super().__init__("policy")
        declare_parameters(self)
        self._options = read_parameters(self)
        self._loaded: _Loaded | None = None
        self._idle_reason, self._is_failed = "not configured", False
        self._rates = InputRates()
        self._process = (os.getpid(), process_space())
        self._server = RunTaskServer(self)
        self._chunks = self.create_lifecycle_publisher(ActionChunkMessage, "/zr0/action_chunk", qos.ACTION_CHUNK)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._diagnostics_timer = self.create_timer(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)
        status_publisher = self.create_publisher(PolicyStatus, "/zr0/policy_status", qos.POLICY_STATUS)
        self._status = StatusPublisher(status_publisher, self._make_status)
        hold_replies(self)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the policy and subscribe to its inputs; refused with a reason in the log and in the status."""
        try:
            self._loaded = self._load()
        except Zr0Error as error:
            return self._refuse(str(error))
        policy = self._loaded.policy
        kind = "" if policy.is_trained else ", untrained weights"
        self.get_logger().info(f"loaded policy {policy.name}{kind}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Accept tasks."""
        assert self._loaded is not None
        result = super().on_activate(state)
        self._server.activate(self._loaded.runner)
        if self._options.task:
            self._server.begin(self._options.task)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the running task."""
        self._server.deactivate("the policy node was deactivated")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unload the policy."""
        self._unload()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the running task and unload the policy."""
        self._server.deactivate("the policy node was shut down")
        self._unload()
        return super().on_shutdown(state)

    @property
    def has_goal(self) -> bool:
        """Whether a task's result is still to be made."""
        return self._server.has_goal

    def end_task(self) -> None:
        """End the running task; its result can be fetched until the node is closed."""
        self._server.deactivate("the policy node is ending")

    def close(self) -> None:
        """Publish a last status and join every thread."""
        self._server.deactivate("the policy node is ending")
        self._server.close()
        self._unload()
        self._status.stop()

    def _load(self) -> _Loaded:
        parameters = self._options
        embodiment = Embodiment.load(parameters.embodiment)
        strategy = make_strategy(parameters.chunking, embodiment.action, parameters.chunking_options)
        policy = InferenceProcess(
            parameters.policy,
            PolicyContext(
                embodiment=embodiment,
                checkpoint=parameters.checkpoint,
                device=parameters.device,
                seed=parameters.seed,
                checkpoint_facts=parameters.checkpoint_facts,
                dtype=parameters.dtype,
                engine=parameters.engine,
                precision=parameters.precision,
                num_samples=parameters.num_samples,
            ),
            os.environ | {"OMP_NUM_THREADS": str(parameters.torch_threads)},
        )
        try:
            return self._equip(policy, strategy, embodiment)
        except Zr0Error:
            policy.close()
            raise

    def _equip(self, policy: InferenceProcess, strategy: ChunkStrategy, embodiment: Embodiment) -> _Loaded:
        parameters = self._options
        require_guidance(strategy, policy)
        inputs = InputBuffer(embodiment, parameters.privileged_topic)
        runner = TaskRunner(
            policy=policy,
            embodiment=embodiment,
            inputs=inputs,
            publish=lambda chunk: self._publish_chunk(chunk, embodiment.arm.base_frame),
            rate=parameters.rate,
            strategy=strategy,
            delays=DelayRecord(parameters.delay_window),
        )
        try:
            subscriptions = InputSubscriptions(self, embodiment, inputs, parameters.privileged_topic)
        except NameValidationException as error:
            reason = " ".join(str(error).split())
            raise Zr0Error(f"a topic cannot be subscribed to: {reason}") from error
        return _Loaded(inputs=inputs, policy=policy, runner=runner, subscriptions=subscriptions)

    def _refuse(self, reason: str) -> TransitionCallbackReturn:
        self._idle_reason, self._is_failed = reason, True
        self.get_logger().error(f"configure refused: {reason}")
        return TransitionCallbackReturn.FAILURE

    def _unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        self._idle_reason, self._is_failed = "not configured", False
        if loaded is not None:
            loaded.subscriptions.destroy()
            loaded.policy.close()

    def _publish_chunk(self, chunk: ActionChunk, frame_id: str) -> None:
        # The first chunk may come sooner than the next status, and a controller takes none of an idle policy.
        self._status.publish()
        self._chunks.publish(chunk_message(chunk, frame_id, time.time_ns()))

    def _make_status(self) -> PolicyStatus:
        loaded = self._loaded
        if loaded is None:
            return idle_status(self._options.policy, self._idle_reason, is_failed=self._is_failed)
        status = loaded_status(loaded.runner, loaded.inputs)
        status.process_id, status.process_space = self._process
        if status.state == PolicyStatus.IDLE and not self._server.is_active:
            status.reason = "not active"
        self._server.set_state_name(STATE_NAMES[status.state])
        return status

    def _publish_diagnostics(self) -> None:
        loaded = self._loaded
        if loaded is None:
            return
        self._diagnostics.publish(
            diagnostics(
                self._make_status(),
                self._rates.update(loaded.inputs.counts()),
                loaded.runner,
            )
        )


def main() -> None:
    """Run the policy node until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(name)s: %(message)s")
    stop = threading.Event()
    # Before there are threads, so that every one inherits it.
    scheduling = prefer_thread(Priority.POLICY_NODE)

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    # Own handlers: the node must still be able to publish when it is asked to end.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    try:
        node = PolicyNode()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        logging.getLogger(__name__).error("parameter refused: %s", error)
        rclpy.try_shutdown()
        sys.exit(2)
    node.get_logger().info(scheduling)
    sys.setswitchinterval(SWITCH_INTERVAL)
    reuse_image_memory()
    executor = EventsExecutor()
    executor.add_node(node)
    while not stop.is_set() and rclpy.ok():
        executor.spin_once(timeout_sec=0.1)
    was_running = node.has_goal
    node.end_task()
    if was_running:
        time.sleep(RESULT_GRACE_S)
    node.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
