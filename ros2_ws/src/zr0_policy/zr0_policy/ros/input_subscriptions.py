"""Subscriptions that fill an input buffer."""

from functools import partial

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image, JointState
from zr0_core.embodiment import Embodiment
from zr0_msgs.msg import SimStatus

from zr0_policy.ros import qos
from zr0_policy.ros.messages import object_poses
from zr0_policy.runtime.input_buffer import InputBuffer

COMPRESSED_SUFFIX = "/compressed"


class InputSubscriptions:
    """Subscribes to the cameras, the joint states and, in simulation, the ground truth.

    Args:
        node: The node.
        embodiment: Declares the topics.
        inputs: Takes the messages.
        privileged_topic: Topic of the ground truth; empty for none.
    """

    def __init__(self, node: Node, embodiment: Embodiment, inputs: InputBuffer, privileged_topic: str) -> None:
        self._node = node
        self._inputs = inputs
        self._subscriptions = [
            node.create_subscription(
                CompressedImage if camera.topic.endswith(COMPRESSED_SUFFIX) else Image,
                camera.topic,
                partial(inputs.add_image, camera.key),
                qos.IMAGE,
            )
            for camera in embodiment.cameras
        ]
        self._subscriptions.append(
            node.create_subscription(JointState, embodiment.state.topic, inputs.add_joint_state, qos.JOINT_STATES)
        )
        if privileged_topic:
            self._subscriptions.append(
                node.create_subscription(SimStatus, privileged_topic, self._on_sim_status, qos.SIM_STATUS)
            )

    def destroy(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def _on_sim_status(self, message: SimStatus) -> None:
        stamp_ns, poses = object_poses(message)
        self._inputs.set_objects(stamp_ns, poses)
