"""Quality of service of everything that the simulator publishes."""

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

IMAGE = QoSProfile(depth=2, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Camera frames, as real camera drivers publish them: the newest, without waiting for slow readers."""

SIM_STATUS = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
"""Ground truth and health of the simulation."""
