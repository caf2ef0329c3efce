"""This package's own types to and from messages."""

import numpy as np
from rclpy.time import Time
from zr0_core.stamps import to_nanoseconds
from zr0_core.types import ActionChunk, FloatArray
from zr0_msgs.msg import ActionChunk as ActionChunkMessage
from zr0_msgs.msg import SimStatus


def chunk_message(chunk: ActionChunk, frame_id: str, now_ns: int) -> ActionChunkMessage:
    """Write a chunk as a message published at `now_ns`."""
    message = ActionChunkMessage()
    message.header.stamp = Time(nanoseconds=now_ns).to_msg()
    message.header.frame_id = frame_id
    message.embodiment = chunk.embodiment
    message.embodiment_hash = chunk.embodiment_hash
    message.names = list(chunk.names)
    message.actions = chunk.actions.ravel().tolist()
    message.horizon = len(chunk.actions)
    message.step_period = chunk.step_period_s
    message.observation_stamp = Time(nanoseconds=chunk.observation_stamp_ns).to_msg()
    message.sequence = chunk.sequence
    message.num_executed_assumed = chunk.num_executed_assumed
    return message


def object_poses(message: SimStatus) -> tuple[int, dict[str, FloatArray]]:
    """Read the simulator's ground truth: its stamp, ns, and poses (x, y, z, qw, qx, qy, qz), m, by object name."""
    poses = {}
    for name, pose in zip(message.object_names, message.object_poses, strict=True):
        place, turn = pose.position, pose.orientation
        poses[name] = np.array([place.x, place.y, place.z, turn.w, turn.x, turn.y, turn.z])
    return to_nanoseconds(message.header.stamp), poses
