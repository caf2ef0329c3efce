"""The simulated bring-up as real processes, with the arm moving, to see what happens when something breaks."""

import os
import signal
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger
from zr0_bringup.bringups import sim_graph
from zr0_bringup.graph import resolve
from zr0_bringup.processes.node_command import process_spec
from zr0_bringup.processes.supervisor import Supervisor
from zr0_core.stamps import to_nanoseconds
from zr0_msgs.action import RunTask
from zr0_msgs.msg import ControllerStatus, PolicyStatus, SimStatus
from zr0_msgs.srv import InjectFault, ResetTask

from zr0_test_support.host import RosHost
from zr0_test_support.probe import Probe

CONTROLLER_STATUS_QOS = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SWITCH_INTERVAL = 0.0005
"""How long a thread may keep the interpreter while the one that watches for deaths waits, s."""
START_TIMEOUT = 60.0
"""Longest that the stack may take to come up, s; 5 s on a free machine."""


class SimStack:
    """The nodes of the `sim` graph under the scripted policy, and what is needed to disturb and watch them."""

    def __init__(
        self,
        host: RosHost,
        address: str,
        folder: Path,
        *,
        is_stopping_at_death: bool = True,
        **arguments: bool | float | str,
    ) -> None:
        """Start every node and wait until the controller holds the arm and the policy is idle.

        Args:
            host: Runs the probe.
            address: Loopback address for the control box.
            folder: Where the nodes' logs go.
            is_stopping_at_death: Whether the death of a node stops the controller, as `zr0 up` does.
            arguments: Launch arguments.
        """
        # Under `zr0 up` the supervisor has its interpreter almost to itself; here the probe's messages use it too.
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.probe = Probe(host)
        self.controller = self.probe.subscribe(ControllerStatus, "/zr0/controller_status", CONTROLLER_STATUS_QOS)
        self.policy = self.probe.subscribe(PolicyStatus, "/zr0/policy_status")
        self.sim = self.probe.subscribe(SimStatus, "/sim/status")
        self._goal: Any = None
        graph = sim_graph()
        nodes = resolve(graph, {"robot_ip": address, "policy": "scripted", **arguments})
        specs = [process_spec(node, folder / "ros") for node in nodes]
        self.supervisor = Supervisor(specs, graph.stop_order, folder, is_stopping_at_death=is_stopping_at_death)
        self.supervisor.start()
        self._killed: set[str] = set()
        self.wait_ready()

    def kill(self, name: str) -> int:
        """Kill a node as a crash would; return when, ns since the epoch."""
        event_ns = time.time_ns()
        os.kill(self.supervisor.pid_of(name), signal.SIGKILL)
        self._killed.add(name)
        return event_ns

    def wait_ready(self) -> None:
        """Wait until the controller holds the arm and the policy is idle."""
        self.controller.clear()
        self.policy.clear()
        self.controller.wait(lambda status: status.state == ControllerStatus.HOLDING, START_TIMEOUT)
        self.policy.wait(lambda status: status.state == PolicyStatus.IDLE, START_TIMEOUT)

    def wait_fault(self, timeout: float = 5.0) -> ControllerStatus:
        """Wait until the controller is in a state that only `recover` leaves; return its status."""
        self.probe.wait(self.is_at_fault, timeout, what="the controller to report a fault")
        return self.controller.latest

    def is_at_fault(self) -> bool:
        """Tell whether the controller is in a state that only `recover` leaves."""
        return self.controller.latest.state in (ControllerStatus.FAULT, ControllerStatus.DISCONNECTED)

    def begin_moving(self, speed: float = 0.4, seed: int = 1) -> None:
        """Set up the task, run the policy on it, and return once a joint turns this fast, rad/s.

        Faults and goals of the test before are cleared first.
        """
        if self._goal is not None:
            self.end()
        self.inject("clear")
        if self.is_at_fault():
            answer = self.trigger("recover")
            assert answer.success, answer.message
        answer = self.probe.call(ResetTask, "/sim/reset_task", ResetTask.Request(seed=seed))
        assert answer.success, answer.message
        goal = self.probe.send_goal(RunTask, "/zr0/run_task", RunTask.Goal(instruction=answer.instruction))
        assert goal.accepted
        self._goal = goal
        self.sim.wait(lambda status: status.joint_speed >= speed, 30.0, after=len(self.sim))

    def end(self) -> None:
        """Cancel the goal and wait for its result."""
        goal, self._goal = self._goal, None
        self.probe.ask(goal.cancel_goal_async, what="an answer to the cancel request")
        self.probe.ask(goal.get_result_async, what="the result of the goal")

    def inject(self, fault: str, target: str = "", duration: float = 0.0) -> int:
        """Inject a fault; return when it began, ns since the epoch."""
        request = InjectFault.Request(fault=fault, target=target, duration=duration)
        answer = self.probe.call(InjectFault, "/sim/inject_fault", request)
        assert answer.success, answer.message
        return to_nanoseconds(answer.stamp)

    def trigger(self, service: str) -> Any:
        """Call a service of the controller, such as `recover`, and return the response."""
        return self.probe.call(Trigger, f"/arm_controller/{service}", Trigger.Request())

    def standstill_after(self, event_ns: int, watch: float = 0.6) -> float:
        """Return the seconds from an event, ns since the epoch, to the arm's last motion, as the simulator saw it.

        Watches for a while after the event, so an arm that moves on, or again, shows.
        """
        end_ns = event_ns + round(watch * 1e9)
        status = self.sim.wait(lambda message: to_nanoseconds(message.header.stamp) >= end_ns, watch + 5.0)
        return max(0.0, (to_nanoseconds(status.last_motion) - event_ns) / 1e9)

    def close(self) -> None:
        """End what still runs, controller first.

        Raises:
            AssertionError: A node did not end cleanly.
        """
        exits = self.supervisor.stop()
        problems = [f"{end}; its log {end.log}" for end in exits if not end.is_clean and end.name not in self._killed]
        if problems:
            raise AssertionError("\n".join(problems))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
