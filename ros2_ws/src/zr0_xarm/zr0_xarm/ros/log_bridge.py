"""Pass Python log records on to the node's logger."""

import logging
from typing import Any


class LogBridge(logging.Handler):
    """Forwards records of `zr0_xarm` to a ROS logger."""

    def __init__(self, ros_logger: Any) -> None:
        """Forward to a logger.

        Args:
            ros_logger: The node's logger.
        """
        super().__init__(logging.INFO)
        self._ros_logger = ros_logger

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record at its severity."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        # A ROS logger ties a severity to the line that calls it, so each has a line of its own.
        if record.levelno >= logging.ERROR:
            self._ros_logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._ros_logger.warning(text)
        else:
            self._ros_logger.info(text)
