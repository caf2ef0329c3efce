"""Chunks of normalised actions to token ids, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zr0_core.types import FloatArray

from zr0_policy.fast.byte_pairs import BytePairs
from zr0_policy.fast.config import FastConfig
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.transform import quantise, restore


@dataclass(frozen=True, kw_only=True)
class EncodedChunk:
    """A chunk as tokens."""

    ids: tuple[int, ...]
    """Token ids, each below the size of the vocabulary."""
    num_clipped: int
    """Frequency coefficients, of H times D, that are too small or too large for the tokenizer and were moved to the
    nearest it has. Above 0, the ids stand for another motion than the chunk."""


@dataclass(frozen=True, kw_only=True)
class FastTokenizer:
    """FAST: cosine transform along time, quantisation, and byte pairs over the coefficients as characters.

    Source: Pertsch et al. 2025 (arXiv 2501.09747), section V; layout of the characters as in its published code.
    """

    config: FastConfig
    """Its numbers."""
    byte_pairs: BytePairs
    """Its vocabulary."""

    def __post_init__(self) -> None:
        size = len(self.byte_pairs.vocabulary)
        if size != self.config.vocab_size:
            raise ValueError(
                f"the vocabulary has {size} tokens, vocab_size is {self.config.vocab_size}; correct vocab_size if the "
                "two belong together"
            )

    def encode(self, chunk: NDArray[np.floating[Any]]) -> EncodedChunk:
        """Turn a chunk into token ids.

        Args:
            chunk: Normalised actions (H, D), not padded.

        Raises:
            ActionTokenError: The chunk is not such a table of finite floats.
        """
        codes = quantise(chunk, self.config.scale).ravel() - self.config.min_token
        characters = self.byte_pairs.nearest(codes)
        ids = self.byte_pairs.encode("".join(map(chr, characters.tolist())))
        return EncodedChunk(ids=ids, num_clipped=int(np.count_nonzero(characters != codes)))

    def decode(self, ids: Sequence[int], horizon: int, dimension: int) -> FloatArray:
        """Turn token ids into a chunk: the inverse of `encode` up to quantisation.

        Args:
            ids: Token ids.
            horizon: Steps H; the ids do not tell.
            dimension: Components D; the ids do not tell.

        Returns:
            Normalised actions (H, D).

        Raises:
            ActionTokenError: An id is unknown, the bytes behind the ids are not UTF-8, or they are not H times D
                coefficients.
            ValueError: H or D is below 1.
        """
        if horizon < 1 or dimension < 1:
            raise ValueError(f"a chunk of {horizon} steps x {dimension} components, expected at least one of each")
        text = self.byte_pairs.decode(ids)
        if len(text) != horizon * dimension:
            raise ActionTokenError(
                f"{len(ids)} ids give {len(text)} coefficients, expected {horizon} steps x {dimension} components = "
                f"{horizon * dimension}"
            )
        codes = np.array([ord(character) for character in text], dtype=np.int64)
        return restore((codes + self.config.min_token).reshape(horizon, dimension), self.config.scale)
