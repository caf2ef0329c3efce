"""The arm controller as a lifecycle node."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from zr0_core.errors import MessageError, Zr0Error
from zr0_core.ros.replies import hold_replies
from zr0_core.scheduling import Priority, prefer_thread
from zr0_msgs.msg import ActionChunk, ControllerStatus, PolicyStatus

from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.session import Session
from zr0_xarm.driver.xarm import XArm
from zr0_xarm.ros import qos
from zr0_xarm.ros.conversions import (
    chunk_from_message,
    diagnostics_message,
    disconnected_message,
    joint_state,
    measured_joint_state,
    status_message,
)
from zr0_xarm.ros.log_bridge import LogBridge
from zr0_xarm.ros.parameters import declare_parameters
from zr0_xarm.ros.policy_process import PolicyProcess
from zr0_xarm.ros.requests import RequestServer
from zr0_xarm.ros.telemetry import Telemetry

STATUS_PERIOD = 0.05
DIAGNOSTICS_PERIOD = 1.0
MEASURED, COMMANDED, STATUS = "measured", "commanded", "status"
SWITCH_INTERVAL = 0.0005
"""How long a thread may keep the interpreter while the control loop waits for it, s."""


class ControllerNode(LifecycleNode):
    """Configure connects, activate enables; everything that moves is `zr0_xarm.control`."""

    def __init__(self) -> None:
        """Declare the interfaces.

        Raises:
            Zr0Error: A parameter has a bad value.
        """
        super().__init__("arm_controller")
        self._configuration = declare_parameters(self)
        self._session: Session | None = None
        self._is_active = False
        self._policy_process = PolicyProcess(self._note_policy_gone)
        self._telemetry = Telemetry(self._publish)
        self._joint_publisher = self.create_publisher(JointState, "/joint_states", qos.JOINTS)
        self._command_publisher = self.create_publisher(JointState, "/zr0/joint_command", qos.JOINTS)
        self._status_publisher = self.create_publisher(ControllerStatus, "/zr0/controller_status", qos.STATUS)
        self._diagnostics_publisher = self.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self.create_subscription(
            PolicyStatus,
            "/zr0/policy_status",
            self._take_policy_status,
            qos.LATEST,
            event_callbacks=SubscriptionEventCallbacks(matched=self._take_match),
        )
        # After the status: of two messages that wait, the status that allows the chunk is taken first.
        self.create_subscription(ActionChunk, "/zr0/action_chunk", self._take_chunk, qos.LATEST)
        self.create_timer(STATUS_PERIOD, lambda: self._telemetry.note(STATUS))
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics)
        self._telemetry.start()
        self._log_bridge = LogBridge(self.get_logger())
        logging.getLogger("zr0_xarm").addHandler(self._log_bridge)
        logging.getLogger("zr0_xarm").setLevel(logging.INFO)
        self._requests = RequestServer(
            self, lambda: self._session.operator if self._session and self._is_active else None
        )
        hold_replies(self)

    # Lifecycle -----------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Connect to the arm and check that it is the one expected."""
        del state
        parameters = self._configuration
        arm = XArm(
            parameters.embodiment,
            parameters.robot_ip,
            parameters.control_port,
            lambda: self._telemetry.note(MEASURED),
        )

        def connect() -> None:
            self._session = Session(parameters.embodiment, arm, parameters.settings)
            note = self._telemetry.note
            self._session.controller.set_listeners(lambda: note(STATUS), lambda: note(COMMANDED))

        return self._attempt("configure", connect)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Enable the arm and hold."""

        def activate() -> None:
            assert self._session is not None
            self._is_active = True
            self._session.activate()

        result = self._attempt("activate", activate)
        self._is_active = result is TransitionCallbackReturn.SUCCESS
        super().on_activate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop within limits, and leave the arm holding in position mode."""
        assert self._session is not None
        result = self._attempt("deactivate", self._session.deactivate)
        self._is_active = False
        super().on_deactivate(state)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Disconnect."""
        del state
        return self._attempt("clean up", self._end_session)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop within limits and disconnect."""
        del state
        return self._attempt("shut down", self._end_session)

    def _attempt(self, what: str, act: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            act()
        except Zr0Error as error:
            self.get_logger().error(f"cannot {what}: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _end_session(self, *, is_urgent: bool = False) -> None:
        session, self._session, self._is_active = self._session, None, False
        if session is not None:
            session.close(is_urgent=is_urgent)

    def stop_arm(self, *, is_urgent: bool) -> None:
        """Stop the arm, within limits or as hard as it can, and disconnect."""
        self._attempt("shut down", lambda: self._end_session(is_urgent=is_urgent))

    def close(self) -> None:
        """End all threads."""
        self._requests.close()
        self._policy_process.close()
        self._telemetry.stop()
        logging.getLogger("zr0_xarm").removeHandler(self._log_bridge)
        self.destroy_node()

    # Inputs --------------------------------------------------------------------------------------------------------

    def _take_chunk(self, message: ActionChunk) -> None:
        if self._session is None or not self._is_active:
            return
        controller = self._session.controller
        try:
            controller.offer(chunk_from_message(message), time.time_ns())
        except MessageError as error:
            refusal = RefusalError(f"chunk refused: {error}")
            controller.refuse(refusal)
            self.get_logger().warning(str(refusal), throttle_duration_sec=1.0)
        except RefusalError as refusal:
            self.get_logger().warning(str(refusal), throttle_duration_sec=1.0)

    def _take_policy_status(self, message: PolicyStatus) -> None:
        if self._session is not None:
            self._session.controller.policy.note_status(message.state, message.reason, time.time_ns())
            if message.process_id:
                self._policy_process.note(message.process_id, message.process_space)

    def _take_match(self, event: object) -> None:
        if self._session is not None and getattr(event, "current_count", 1) == 0:
            self._note_policy_gone()

    def _note_policy_gone(self) -> None:
        if self._session is not None:
            self._session.controller.policy.note_gone()

    # Outputs -------------------------------------------------------------------------------------------------------

    def _publish(self, news: frozenset[str]) -> None:
        session = self._session
        if session is None:
            if STATUS in news:
                self._status_publisher.publish(disconnected_message(self._configuration.settings, time.time_ns()))
            return
        report = session.controller.report()
        embodiment = self._configuration.embodiment
        if MEASURED in news and report.arm is not None:
            self._joint_publisher.publish(measured_joint_state(report.arm, report.gripper_measured, embodiment))
        if COMMANDED in news and report.command is not None:
            positions = np.append(report.command.positions, report.gripper_command)
            self._command_publisher.publish(
                joint_state(time.time_ns(), embodiment.arm.base_frame, embodiment.measured_names, positions)
            )
        if STATUS in news:
            lateness = session.loop.lateness.report()
            self._status_publisher.publish(
                status_message(report, lateness, self._configuration.settings, time.time_ns())
            )

    def _publish_diagnostics(self) -> None:
        session = self._session
        if session is None:
            return
        now_ns = time.time_ns()
        finding = session.controller.policy.finding(now_ns)
        self._diagnostics_publisher.publish(
            diagnostics_message(
                session.controller.report(),
                session.loop.lateness.report(),
                session.arm.gripper_problem(),
                finding.text if finding else "",
                now_ns,
            )
        )


class _Spinner(threading.Thread):
    """Runs the node's callbacks until told to stop; a callback that raises ends the process."""

    def __init__(self, node: ControllerNode, stopping: threading.Event) -> None:
        super().__init__(name="callbacks")
        self._node = node
        self._stopping = stopping
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Handle callbacks."""
        executor = EventsExecutor()
        executor.add_node(self._node)
        try:
            while rclpy.ok() and not self._stopping.is_set():
                executor.spin_once(timeout_sec=0.1)
        except ExternalShutdownException:
            pass
        # The edge between two threads: the main thread raises it again, after the arm stands.
        except BaseException as error:  # noqa: BLE001
            self.failure = error
        finally:
            self._stopping.set()
            executor.shutdown()


def main() -> None:
    """Run the node until it is interrupted; SIGINT stops the arm within limits first, SIGTERM as hard as it can."""
    # First of all, so that every thread inherits it.
    scheduling = prefer_thread(Priority.CONTROLLER)
    stopping = threading.Event()
    # With rclpy's own handlers the topics would be gone before the arm stands.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    must_brake = threading.Event()

    def brake(_number: int, _frame: FrameType | None) -> None:
        must_brake.set()
        stopping.set()

    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    signal.signal(signal.SIGTERM, brake)
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        node = ControllerNode()
    except Zr0Error as error:
        rclpy.logging.get_logger("arm_controller").fatal(str(error))
        rclpy.try_shutdown()
        sys.exit(1)
    node.get_logger().info(scheduling)
    spinner = _Spinner(node, stopping)
    spinner.start()
    # This thread only waits, so a signal is seen at once, whatever the callbacks do.
    stopping.wait()
    node.stop_arm(is_urgent=must_brake.is_set())
    spinner.join()
    node.close()
    rclpy.try_shutdown()
    if spinner.failure is not None:
        raise spinner.failure


if __name__ == "__main__":
    main()
