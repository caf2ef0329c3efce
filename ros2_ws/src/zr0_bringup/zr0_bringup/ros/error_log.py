"""Remember the last error that each node has logged: a transition service says only that it failed, not why."""

from rcl_interfaces.msg import Log
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

ROSOUT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=200,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
LEVEL_ERROR = int.from_bytes(Log.ERROR) if isinstance(Log.ERROR, bytes) else int(Log.ERROR)


class ErrorLog:
    """Listens to /rosout."""

    def __init__(self, node: Node) -> None:
        self._last: dict[str, str] = {}
        self._subscription = node.create_subscription(Log, "/rosout", self._on_log, ROSOUT_QOS)

    def last_error(self, node_name: str) -> str:
        """Return what a node has logged last as an error; empty if nothing."""
        return self._last.get(node_name, "")

    def forget(self, node_name: str) -> None:
        """Forget a node's error, so that an old one does not explain a new failure."""
        self._last.pop(node_name, None)

    def _on_log(self, message: Log) -> None:
        if message.level >= LEVEL_ERROR:
            self._last[message.name.partition(".")[0]] = message.msg
