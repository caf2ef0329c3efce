"""The newest chunk replaces the one before."""

from zr0_core.types import FloatArray, Overlap


class LatestChunk:
    """Infers as often as it may and publishes every answer as it is.

    Chunks know nothing of each other: where two of them disagree, the arm's targets jump when the newer takes over.
    """

    name = "latest"
    needs_guidance = False
    next_inference_ns = 0

    def reset(self) -> None:
        """Nothing is remembered."""

    def overlap(self, stamp_ns: int, delay: int) -> Overlap | None:  # noqa: ARG002 - every start is fresh
        """Return None."""
        return None

    def publish(self, actions: FloatArray, stamp_ns: int, delay: int) -> FloatArray:  # noqa: ARG002
        """Return the answer."""
        return actions
