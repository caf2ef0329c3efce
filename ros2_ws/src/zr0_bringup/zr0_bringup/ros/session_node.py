"""Listen to a running stack and record it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import Image, JointState
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError
from zr0_core.joints import joint_positions
from zr0_core.stamps import header_stamp_ns, to_nanoseconds
from zr0_msgs.msg import ActionChunk, ControllerStatus, PolicyStatus, SimStatus

from zr0_bringup.ros import qos
from zr0_bringup.ros.constant_names import constant_names
from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.samples import ChunkSample, ControllerSample, JointSample, PolicySample, SimSample

COMMAND_TOPIC = "/zr0/joint_command"
CHUNK_TOPIC = "/zr0/action_chunk"
CONTROLLER_TOPIC = "/zr0/controller_status"
POLICY_TOPIC = "/zr0/policy_status"
SIM_TOPIC = "/sim/status"
MANAGER = "lifecycle_manager: bring-up"


@dataclass(kw_only=True)
class Latest:
    """The newest of what is shown live."""

    images: dict[str, Image]
    """Newest image message of each camera, by camera name."""
    bring_up: str = "no word from the lifecycle manager yet"
    """How far the bring-up is, in words."""
    is_ready: bool = False
    """Whether all lifecycle nodes are active."""
    joint_problem: str = ""
    """What the last joint state lacked; the gripper reports later than the arm."""


class SessionNode(Node):
    """Subscribes to everything and appends to a record.

    Args:
        record: Grows with what arrives.
        embodiment: Names the cameras, joints and topics.
        camera_topics: Topic of each camera, by camera name.
        has_images: Whether to receive images, which cost some CPU time.
    """

    def __init__(
        self, record: SessionRecord, embodiment: Embodiment, camera_topics: dict[str, str], *, has_images: bool
    ) -> None:
        super().__init__("session")
        self.record = record
        self.latest = Latest(images={})
        self._start_ns = time.time_ns()
        self._listen(JointState, embodiment.state.topic, qos.JOINTS, self._on_measured)
        self._listen(JointState, COMMAND_TOPIC, qos.JOINTS, self._on_commanded)
        self._listen(ActionChunk, CHUNK_TOPIC, qos.CHUNK, self._on_chunk)
        self._listen(ControllerStatus, CONTROLLER_TOPIC, qos.LATCHED_STATUS, self._on_controller)
        self._listen(PolicyStatus, POLICY_TOPIC, qos.STATUS, self._on_policy)
        self._listen(SimStatus, SIM_TOPIC, qos.STATUS, self._on_sim)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.STATUS)
        if has_images:
            for name, topic in camera_topics.items():
                self._listen(Image, topic, qos.IMAGE, partial(self._on_image, name))

    @property
    def now_s(self) -> float:
        """Seconds since the session began."""
        return self._since(time.time_ns())

    def _since(self, stamp_ns: int) -> float:
        return (stamp_ns - self._start_ns) * 1e-9

    def _listen(self, message_type: type, topic: str, profile: Any, handle: Callable[[Any], None]) -> None:
        meter = self.record.meter(topic)

        def on_message(message: Any) -> None:
            meter.tick(self.now_s)
            handle(message)

        self.create_subscription(message_type, topic, on_message, profile)

    def _on_image(self, name: str, message: Image) -> None:
        self.latest.images[name] = message

    def _on_measured(self, message: JointState) -> None:
        self._append_joints(message, self.record.measured)

    def _on_commanded(self, message: JointState) -> None:
        self._append_joints(message, self.record.commanded)

    def _append_joints(self, message: JointState, samples: list[JointSample]) -> None:
        try:
            positions = joint_positions(message, self.record.joint_names)
        except MessageError as error:
            self.latest.joint_problem = str(error)
            return
        time_s = self._since(header_stamp_ns(message.header, "JointState"))
        samples.append(JointSample(time_s=time_s, positions=tuple(map(float, positions))))

    def _on_chunk(self, message: ActionChunk) -> None:
        now = self.now_s
        self.record.chunks.append(
            ChunkSample(
                time_s=now,
                sequence=message.sequence,
                age_s=now - self._since(to_nanoseconds(message.observation_stamp)),
                span_s=message.step_period * (message.horizon - 1),
            )
        )

    def _on_controller(self, message: ControllerStatus) -> None:
        self.record.controller.append(
            ControllerSample(
                time_s=self.now_s,
                state=constant_names(ControllerStatus)[message.state],
                reason=message.reason_text,
                chunk_sequence=message.chunk_sequence,
                chunk_rows_left=message.chunk_rows_left,
                num_accepted=message.num_chunks_accepted,
                num_refused=message.num_chunks_refused,
                last_refusal=message.last_refusal,
                num_ticks=message.num_ticks,
                num_ticks_missed=message.num_ticks_missed,
                tick_lateness_max_s=message.tick_lateness_max,
            )
        )

    def _on_policy(self, message: PolicyStatus) -> None:
        self.record.policy.append(
            PolicySample(
                time_s=self.now_s,
                state=constant_names(PolicyStatus)[message.state],
                reason=message.reason,
                policy=message.policy,
                is_trained=message.is_trained,
                latency_s=message.latency,
                inference_time_s=message.inference_time,
            )
        )

    def _on_sim(self, message: SimStatus) -> None:
        self.record.sim.append(
            SimSample(
                time_s=self.now_s,
                progress=message.progress,
                is_success=message.is_success,
                max_velocity=message.max_command_velocity,
                max_acceleration=message.max_command_acceleration,
                max_jerk=message.max_command_jerk,
                real_time_factor=message.real_time_factor,
                camera_rate=message.camera_rate,
                renderer=message.renderer,
            )
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == MANAGER:
                self.latest.bring_up = status.message
                self.latest.is_ready = status.message == "active"
