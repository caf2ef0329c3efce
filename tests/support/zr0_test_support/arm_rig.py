"""A controller node before a control box, and a policy for them that does as it is told."""

import array
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from zr0_core.embodiment import ActionSpace, Embodiment
from zr0_core.types import FloatArray
from zr0_core.vectors import pose_components
from zr0_msgs.msg import ActionChunk, ControllerStatus, PolicyStatus
from zr0_sim.box.box import Box, BoxConfig

from zr0_test_support.address import lock_address
from zr0_test_support.host import RosHost
from zr0_test_support.plant_recorder import PlantRecorder
from zr0_test_support.probe import Probe
from zr0_test_support.process import NodeProcess

__all__ = ["ArmRig", "running_rig"]

CONTROLLER = "/arm_controller"
STATUS_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
CONTROL_PORT = 50200
NS_PER_S = 1_000_000_000
LATENCY = 0.12
"""Age of the observation of a chunk when it is sent, s."""


class ArmRig:
    """A box in this process, a controller that talks to it, and messages of a policy from this process."""

    def __init__(
        self,
        probe: Probe,
        address: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        embodiment: str = "xarm7_gripper",
        box_embodiment: str = "",
        **parameters: bool | float | str,
    ) -> None:
        # The box has to keep its time beside the probe and the policy.
        sys.setswitchinterval(0.0005)
        self.probe = probe
        self.embodiment = Embodiment.load(embodiment)
        there = Embodiment.load(box_embodiment or embodiment)
        self.box = Box(BoxConfig(embodiment=there, host=address, control_port=CONTROL_PORT))
        self.box.start()
        self.observer = PlantRecorder(self.box)
        self.statuses = probe.subscribe(ControllerStatus, "/zr0/controller_status", STATUS_QOS)
        self.joints = probe.subscribe(JointState, "/joint_states")
        self.controller = NodeProcess(
            "zr0_xarm",
            "controller_node",
            log_folder=folder,
            environment=environment,
            parameters={
                "robot_ip": address,
                "control_port": CONTROL_PORT,
                "embodiment": embodiment,
                **parameters,
            },
        )
        self._sequence = 0
        self._policy_state = (PolicyStatus.IDLE, "")
        self._is_chunking = False
        self._is_ending = threading.Event()
        self._is_silent = threading.Event()
        self._origin = 0
        self._thread = threading.Thread(target=self._run_policy, name="policy", daemon=True)

    # The policy ----------------------------------------------------------------------------------------------------

    def report_policy(self, state: int, reason: str = "") -> float:
        """Have the policy report a state from now on; return when, in monotonic seconds."""
        self._policy_state = (state, reason)
        self._is_silent.clear()
        self._publish_policy()
        return time.monotonic()

    def silence_policy(self) -> float:
        """Have the policy say nothing from now on; return when it last said something, in monotonic seconds."""
        self._is_chunking = False
        self._is_silent.set()
        return time.monotonic()

    def follow(self, speed: float, *, is_alive: bool = True) -> None:
        """Send chunks of a swing of joint 1 at that speed, rad/s, from now on, and report a running policy."""
        self._speed = speed
        self._origin = time.time_ns()
        if is_alive:
            self.report_policy(PolicyStatus.RUNNING)
        else:
            self._is_silent.set()
        self._is_chunking = True

    def swing(self, speed: float = 0.5, *, is_alive: bool = True) -> None:
        """Swing joint 1 until the arm has reached that speed, rad/s.

        Args:
            speed: Largest speed, rad/s.
            is_alive: Whether this policy reports that it runs; otherwise another one has to.

        Raises:
            AssertionError: It does not get there.
        """
        self.follow(speed, is_alive=is_alive)
        self.statuses.wait(lambda status: status.state == ControllerStatus.TRACKING, after=len(self.statuses))
        self.observer.wait_moving(0.9 * speed)

    def restart_sequence(self) -> None:
        """Count chunks from 1 again."""
        self._sequence = 0

    def stop_chunks(self) -> None:
        """Send no more chunks; the policy goes on reporting that it runs."""
        self._is_chunking = False

    def chunk(self, rows: FloatArray | None = None, *, stamp_ns: int | None = None) -> ActionChunk:
        """Make the next chunk: of the swing, or of these joint rows (H, N), rad."""
        self._sequence += 1
        stamp = time.time_ns() - round(LATENCY * NS_PER_S) if stamp_ns is None else stamp_ns
        period = self.embodiment.action.step_period
        if rows is None:
            horizon = self.embodiment.action.horizon
            rows = np.stack([self._swing_at(stamp + round((k + 1) * period * NS_PER_S)) for k in range(horizon)])
        if self.embodiment.action.space is ActionSpace.END_EFFECTOR_POSE:
            rows = np.stack([pose_components(self.embodiment.chain.forward(row)) for row in rows])
        actions = np.concatenate([rows, np.full((len(rows), 1), 0.2)], axis=1)
        message = ActionChunk(
            embodiment=self.embodiment.name,
            embodiment_hash=self.embodiment.content_hash,
            names=list(self.embodiment.action.names),
            actions=array.array("d", actions.ravel().tolist()),
            horizon=len(rows),
            step_period=period,
            sequence=self._sequence,
        )
        message.observation_stamp.sec, message.observation_stamp.nanosec = divmod(stamp, NS_PER_S)
        return message

    def send(self, message: ActionChunk) -> float:
        """Send a chunk, and none of the swing after it; return when, in monotonic seconds."""
        self._is_chunking = False
        self._chunks.publish(message)
        return time.monotonic()

    def _swing_at(self, time_ns: int) -> FloatArray:
        seconds = max((time_ns - self._origin) / NS_PER_S, 0.0)
        rate = self._speed / 0.4
        positions = self.embodiment.home
        # Grows from rest over the first half second.
        positions[0] += 0.4 * np.sin(rate * seconds) * min(seconds / 0.5, 1.0)
        return positions

    def _run_policy(self) -> None:
        tick = 0
        while not self._is_ending.wait(0.02):
            if not self._is_silent.is_set():
                self._publish_policy()
            tick += 1
            if self._is_chunking and tick % 10 == 1:
                self._chunks.publish(self.chunk())

    def _publish_policy(self) -> None:
        state, reason = self._policy_state
        self._policy.publish(PolicyStatus(state=state, reason=reason))

    # The controller ------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Find the controller.

        Raises:
            AssertionError: It does not appear.
        """
        self._chunks = self.probe.publisher(ActionChunk, "/zr0/action_chunk", 1)
        self._policy = self.probe.publisher(PolicyStatus, "/zr0/policy_status", 1)
        self._thread.start()

    def start(self) -> None:
        """Find the controller, configure and activate it, and wait until it holds.

        Raises:
            AssertionError: It refuses.
        """
        self.connect()
        assert self.probe.configure(CONTROLLER), self.controller.log_tail()
        assert self.probe.activate(CONTROLLER), self.controller.log_tail()
        self.wait_state(ControllerStatus.HOLDING)

    def wait_state(self, state: int, reason: int | None = None, timeout: float = 5.0) -> ControllerStatus:
        """Wait until the newest status shows a state, and a reason.

        Raises:
            AssertionError: It does not within the time.
        """

        def is_there() -> bool:
            if not len(self.statuses):
                return False
            status = self.statuses.latest
            return bool(status.state == state and reason in {None, status.reason})

        self.probe.wait(is_there, timeout, what=f"controller state {state} with reason {reason}; {self._seen()}")
        return self.statuses.latest

    def _seen(self) -> str:
        last = self.statuses.latest if len(self.statuses) else None
        return f"at first {last.state}, {last.reason}, {last.reason_text!r}" if last else "nothing before"

    def request(self, name: str, is_on: bool | None = None) -> tuple[bool, str]:
        """Call a service of the controller; return whether it succeeded, and its message."""
        path = f"{CONTROLLER}/{name}"
        if is_on is None:
            response = self.probe.call(Trigger, path)
        else:
            response = self.probe.call(SetBool, path, SetBool.Request(data=is_on))
        return response.success, response.message

    def settle(self) -> None:
        """Bring the arm home and the controller to HOLDING, whatever has happened, and forget what was audited."""
        self._is_chunking = False
        self.box.faults.clear()
        self.report_policy(PolicyStatus.IDLE)
        deadline = time.monotonic() + 15.0
        while not self.request("recover")[0] or not self.request("home")[0]:
            if time.monotonic() > deadline:
                raise AssertionError(f"the controller does not recover: {self._seen()}")
        with self.box.lock:
            self.box.audit.reset()

    def violations(self) -> list[str]:
        """Return what the box has seen go beyond the hardware's limits, in words."""
        with self.box.lock:
            return [f"joint {one.joint}: {one.quantity} {one.value:.2f}" for one in self.box.audit.violations]

    def close(self) -> None:
        """End everything, the controller first.

        Raises:
            AssertionError: The controller does not end as it should.
        """
        self._is_ending.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.controller.stop()
        finally:
            self.observer.close()
            self.box.stop()


@contextmanager
def running_rig(environment: Mapping[str, str], folder: Path, **options: bool | float | str) -> Iterator[ArmRig]:
    """Run a rig whose controller is active; options as for `ArmRig`; `is_started=False` leaves it alone."""
    is_started = bool(options.pop("is_started", True))
    lock = lock_address()
    try:
        with RosHost(int(environment["ROS_DOMAIN_ID"])) as host:
            rig = ArmRig(Probe(host), lock.address, folder=folder, environment=environment, **options)  # type: ignore[arg-type]
            try:
                if is_started:
                    rig.start()
                yield rig
            finally:
                rig.close()
    finally:
        lock.release()
