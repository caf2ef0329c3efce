"""What a chunking strategy is."""

from typing import Protocol

from zr0_core.types import FloatArray, Overlap


class ChunkStrategy(Protocol):
    """Turns a policy's answers into chunks that follow each other well.

    A strategy knows no clock: stamps are given to it in nanoseconds since the epoch, and delays as numbers of rows.
    Row k of every chunk is the target to be reached at its observation's stamp + (k + 1) * step period. A row is begun
    when the one before it has been reached; rows begun before a chunk takes over are executed from the chunk before.
    """

    @property
    def name(self) -> str:
        """Its name, as in the node's parameter `chunking`."""

    @property
    def needs_guidance(self) -> bool:
        """Whether it works only with policies that continue an overlap."""

    @property
    def next_inference_ns(self) -> int:
        """The earliest time at which the next inference may begin, nanoseconds since the epoch; 0 for at once."""

    def reset(self) -> None:
        """Forget every chunk, as before an episode."""

    def overlap(self, stamp_ns: int, delay: int) -> Overlap | None:
        """Return what the policy is asked to continue; None for a fresh start.

        Args:
            stamp_ns: Stamp of the observation that is about to be inferred on.
            delay: How many rows of the answer are expected to be begun before it takes over.
        """

    def publish(self, actions: FloatArray, stamp_ns: int, delay: int) -> FloatArray:
        """Return the rows (H, A) to publish for an answer, and remember them.

        Args:
            actions: The policy's answer (H, A), SI units, to the last overlap.
            stamp_ns: Stamp of its observation.
            delay: How many of its rows will have been begun when it takes over.
        """
