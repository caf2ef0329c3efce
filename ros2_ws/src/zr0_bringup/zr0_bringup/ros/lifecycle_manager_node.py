"""Bring lifecycle nodes up in order, watch them, and take them down in reverse."""

import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lifecycle_msgs.msg import State, Transition
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from zr0_core.scheduling import Priority, prefer_thread

from zr0_bringup.lifecycle_plan import Phase, Progress
from zr0_bringup.ros.error_log import ErrorLog
from zr0_bringup.ros.lifecycle_client import STATE_NAMES, LifecycleClient

STATE_TIMEOUT_S = 2.0
SPIN_S = 0.1
REASON_TIMEOUT_S = 3.0
"""How long a node's own words about a failure may take to come over /rosout, whose discovery is slow now and then."""
DIAGNOSTICS_PERIOD_S = 0.5
RETRY_PERIOD_S = 1.0


class BringUpError(Exception):
    """A node cannot be brought up; the message says which and why."""


class LifecycleManagerNode(Node):
    """Holds the parameters, the clients and what is told on /diagnostics."""

    def __init__(self) -> None:
        super().__init__("lifecycle_manager")
        self.node_names = self._names(
            "node_names",
            ["arm_controller", "policy"],
            "lifecycle nodes, in the order of configuring and activating",
        )
        self.wait_for_services = self._names(
            "wait_for_services",
            [""],
            "services that must exist before anything is configured; empty names do not count",
        )
        self.transition_timeout = self._seconds(
            "transition_timeout", 180.0, "longest time for one transition, as loading a model, seconds"
        )
        self.retry_duration = self._seconds(
            "retry_duration", 20.0, "how long configuring is tried again, as while a control box starts, seconds"
        )
        self.progress = Progress()
        self.errors = ErrorLog(self)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = self.create_timer(DIAGNOSTICS_PERIOD_S, self.publish_progress)

    def _names(self, name: str, default: list[str], description: str) -> list[str]:
        descriptor = ParameterDescriptor(description=description, read_only=True)
        return [text for text in self.declare_parameter(name, default, descriptor).value if text]

    def _seconds(self, name: str, default: float, description: str) -> float:
        allowed = FloatingPointRange(from_value=0.0, to_value=3600.0)
        descriptor = ParameterDescriptor(description=description, read_only=True, floating_point_range=[allowed])
        return float(self.declare_parameter(name, default, descriptor).value)

    def publish_progress(self) -> None:
        """Tell on /diagnostics how far the bring-up is, and why it waits."""
        progress = self.progress
        levels = {Phase.ACTIVE: DiagnosticStatus.OK, Phase.FAILED: DiagnosticStatus.ERROR}
        status = DiagnosticStatus(
            level=levels.get(progress.phase, DiagnosticStatus.WARN),
            name="lifecycle_manager: bring-up",
            message=progress.sentence(),
            hardware_id="zr0",
            values=[KeyValue(key=name, value=state) for name, state in progress.states.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)


class LifecycleManager:
    """The sequence: configure all, activate all, watch, deactivate all in reverse."""

    def __init__(self, node: LifecycleManagerNode) -> None:
        self._node = node
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._is_stopping = False
        self._must_stop = False
        self._clients = [LifecycleClient(node, name, self._spin) for name in node.node_names]

    def request_stop(self) -> None:
        """End the watch or a wait, as soon as the present spin returns."""
        self._must_stop = True

    def run(self) -> None:
        """Bring up and watch until asked to stop.

        Raises:
            BringUpError: A node cannot be brought up.
            InterruptedError: Asked to stop.
        """
        for service in self._node.wait_for_services:
            self._tell(Phase.WAITING, f"for service {service}")
            while service not in dict(self._node.get_service_names_and_types()):
                self._spin()
        for client in self._clients:
            self._configure(client)
        for client in self._clients:
            self._tell(Phase.ACTIVATING, client.target)
            self._transition(client, Transition.TRANSITION_ACTIVATE, "activate")
        self._tell(Phase.ACTIVE, "")
        self._node.get_logger().info(f"active: {', '.join(self._node.node_names)}")
        while True:
            self._watch()

    def stop(self) -> None:
        """Deactivate what is active, last first, and tell."""
        self._is_stopping = True
        self._tell(Phase.DEACTIVATING, "")
        for client in reversed(self._clients):
            if client.state(STATE_TIMEOUT_S) == State.PRIMARY_STATE_ACTIVE:
                is_done = client.change(Transition.TRANSITION_DEACTIVATE, STATE_TIMEOUT_S)
                self._node.get_logger().info(f"{client.target} {'deactivated' if is_done else 'did not deactivate'}")

    def _configure(self, client: LifecycleClient) -> None:
        self._tell(Phase.WAITING, f"for node {client.target} to appear")
        while not client.is_present():
            self._spin()
        self._tell(Phase.CONFIGURING, client.target)
        deadline = time.monotonic() + self._node.retry_duration
        while True:
            try:
                self._transition(client, Transition.TRANSITION_CONFIGURE, "configure")
            except BringUpError as error:
                if time.monotonic() > deadline:
                    raise
                self._tell(Phase.CONFIGURING, f"{error}; trying again")
                self._node.get_logger().warning(f"{error}; trying again")
                self._rest(RETRY_PERIOD_S)
            else:
                return

    def _transition(self, client: LifecycleClient, transition: int, verb: str) -> None:
        self._node.errors.forget(client.target)
        if not client.change(transition, self._node.transition_timeout):
            deadline = time.monotonic() + REASON_TIMEOUT_S
            while not self._node.errors.last_error(client.target) and time.monotonic() < deadline:
                self._spin()
            why = self._node.errors.last_error(client.target) or "it gave no reason; see its log"
            raise BringUpError(f"{client.target} does not {verb}: {why}")
        self._node.progress.states[client.target] = STATE_NAMES.get(client.state(STATE_TIMEOUT_S), "unknown")

    def _watch(self) -> None:
        """Look at each node once; tell when one is no longer active."""
        self._rest(1.0)
        lost = []
        for client in self._clients:
            state = STATE_NAMES.get(client.state(STATE_TIMEOUT_S), "in transition")
            self._node.progress.states[client.target] = state
            if state != "active":
                lost.append(f"{client.target} is {state}")
        phase = Phase.FAILED if lost else Phase.ACTIVE
        logger = self._node.get_logger()
        if phase is not self._node.progress.phase and lost:
            logger.error("; ".join(lost))
        elif phase is not self._node.progress.phase:
            logger.info("all nodes are active again")
        self._tell(phase, "; ".join(lost))

    def _tell(self, phase: Phase, reason: str) -> None:
        is_news = (phase, reason) != (self._node.progress.phase, self._node.progress.reason)
        self._node.progress.phase, self._node.progress.reason = phase, reason
        if is_news:
            self._node.publish_progress()

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._spin()

    def _spin(self) -> None:
        if self._must_stop and not self._is_stopping:
            raise InterruptedError
        self._executor.spin_once(timeout_sec=SPIN_S)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the node; exit code 1 if a node cannot be brought up."""
    # Before there are threads, so that every one inherits it.
    scheduling = prefer_thread(Priority.LIFECYCLE_MANAGER)
    # Signals are handled here, because deactivating needs the context that rclpy would shut down.
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    node = LifecycleManagerNode()
    node.get_logger().info(scheduling)
    manager = LifecycleManager(node)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        manager.request_stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    code = 0
    try:
        manager.run()
    except InterruptedError:
        node.get_logger().info("stopping")
    except BringUpError as error:
        node.get_logger().error(str(error))
        node.progress.phase, node.progress.reason = Phase.FAILED, str(error)
        node.publish_progress()
        code = 1
    manager.stop()
    node.destroy_node()
    rclpy.try_shutdown()
    sys.exit(code)


if __name__ == "__main__":
    main()
