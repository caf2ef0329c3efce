"""A camera."""

from dataclasses import dataclass

from zr0_core.embodiment.validation import check_known, check_positive, check_text, check_topic
from zr0_core.encodings import ENCODINGS


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One camera."""

    key: str
    """Feature key in observations and datasets."""
    name: str
    """Short name, as in topics."""
    topic: str
    """Raw image topic."""
    encoding: str
    """`sensor_msgs/Image` encoding."""
    width: int
    """pixels."""
    height: int
    """pixels."""
    rate: float
    """Frames per second."""
    max_age: float
    """Oldest frame that an inference may use, seconds."""

    def __post_init__(self) -> None:
        check_text("key", self.key)
        check_text("name", self.name)
        check_topic("topic", self.topic)
        check_known("encoding", self.encoding, list(ENCODINGS))
        for name in ("width", "height", "rate", "max_age"):
            check_positive(name, getattr(self, name))
