"""Quality of service of everything that the policy node publishes and subscribes to."""

from rclpy.duration import Duration
from rclpy.qos import HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

IMAGE = QoSProfile(depth=2, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Camera frames: the newest, without waiting for lost ones."""

JOINT_STATES = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
"""Joint measurements."""

SIM_STATUS = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
"""Ground truth of the simulator."""

ACTION_CHUNK = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
"""Action chunks: only the newest counts."""

STATUS_LEASE = Duration(nanoseconds=50_000_000)
"""How soon subscribers learn that this process is gone."""

POLICY_STATUS = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    liveliness=LivelinessPolicy.AUTOMATIC,
    liveliness_lease_duration=STATUS_LEASE,
)
"""The sign of life, with the middleware's own lease beside the message rate."""

DIAGNOSTICS = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
"""Diagnostics."""
