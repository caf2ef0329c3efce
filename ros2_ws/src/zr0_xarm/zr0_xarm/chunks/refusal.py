"""A refused chunk, with the reason that the controller reports."""

from zr0_core.errors import ChunkRefusedError

from zr0_xarm.control.status import Reason


class RefusalError(ChunkRefusedError):
    """A chunk is not safe to execute."""

    def __init__(self, text: str, reason: Reason = Reason.CHUNK_REFUSED) -> None:
        super().__init__(text)
        self.reason = reason
