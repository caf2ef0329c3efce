"""Byte-level byte-pair encoding of text, as FAST uses it: nothing may get lost."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from zr0_policy.fast.errors import ActionTokenError

LAST_CHARACTER = 0xD7FF
"""The last character before the surrogates, which UTF-8 cannot write."""


@functools.cache
def byte_letters() -> tuple[str, ...]:
    """Return the printable letter that stands for each of the 256 bytes in a vocabulary.

    Printable bytes of Latin-1 stand for themselves, the others for the letters from 256 on.

    Source: GPT-2's byte-level vocabulary, Radford et al. 2019.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in printable else next(others)) for byte in range(256))


@dataclass(frozen=True, kw_only=True)
class BytePairs:
    """A vocabulary of byte strings and the order in which to merge them."""

    vocabulary: tuple[str, ...]
    """The token of each id, in byte letters."""
    merges: tuple[tuple[str, str], ...]
    """Pairs of tokens that become one, first ones first."""
    is_split_at_words: bool
    """Whether text is first cut where letters, digits and signs meet, as in GPT-2; merges do not cross the cuts."""

    def __post_init__(self) -> None:
        known = set(self.vocabulary)
        if len(known) != len(self.vocabulary):
            raise ValueError(f"the vocabulary of {len(self.vocabulary)} tokens has only {len(known)} different ones")
        for index, (left, right) in enumerate(self.merges):
            for token in (left, right, left + right):
                if token not in known:
                    raise ValueError(f"merge {index} of {left!r} and {right!r} needs {token!r}, not in the vocabulary")
        if b"" in self._token_bytes:
            raise ValueError(f"token {self._token_bytes.index(b'')} of the vocabulary is empty")
        if len(self.characters) == 0:
            raise ValueError("the vocabulary has no single bytes, so no text can be encoded")

    @functools.cached_property
    def characters(self) -> NDArray[np.int64]:
        """Code points up to `LAST_CHARACTER` of which the vocabulary has every UTF-8 byte, rising."""
        letters, known = byte_letters(), set(self.vocabulary)
        has_byte = [letter in known for letter in letters]
        codes = [code for code in range(LAST_CHARACTER + 1) if all(has_byte[byte] for byte in chr(code).encode())]
        return np.array(codes, dtype=np.int64)

    @functools.cached_property
    def tokenizer(self) -> Tokenizer:
        """The same as an object of the tokenizers library."""
        vocabulary = {token: index for index, token in enumerate(self.vocabulary)}
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(self.merges)))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=self.is_split_at_words)
        # Without one, transformers 5 makes one up when it saves.
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer

    @functools.cached_property
    def _spellable(self) -> frozenset[str]:
        return frozenset(map(chr, self.characters.tolist()))

    @functools.cached_property
    def _token_bytes(self) -> tuple[bytes, ...]:
        values = {letter: byte for byte, letter in enumerate(byte_letters())}
        # A token with other letters was given to training as it is and stands for its own text.
        return tuple(
            bytes(values[letter] for letter in token) if all(letter in values for letter in token) else token.encode()
            for token in self.vocabulary
        )

    def nearest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Replace each code (N,) by the nearest one of `characters`, the lower of two."""
        available = self.characters
        last = len(available) - 1
        above = available[np.minimum(np.searchsorted(available, codes, side="left"), last)]
        below = available[np.maximum(np.searchsorted(available, codes, side="right") - 1, 0)]
        return np.where(np.abs(codes - below) <= np.abs(above - codes), below, above)

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the ids of a text of `characters`.

        Raises:
            ActionTokenError: A character is not one of them; the library would leave its bytes out.
        """
        missing = [character for character in text if character not in self._spellable]
        if missing:
            raise ActionTokenError(
                f"the vocabulary cannot spell U+{ord(missing[0]):04X}; {len(missing)} of {len(text)} characters"
            )
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids: the inverse of `encode`.

        Raises:
            ActionTokenError: An id is not in the vocabulary, or the bytes are not UTF-8.
        """
        for position, index in enumerate(ids):
            if not 0 <= index < len(self.vocabulary):
                raise ActionTokenError(
                    f"id {position} of {len(ids)} is {index}, expected 0 to {len(self.vocabulary) - 1}"
                )
        spelling = b"".join(self._token_bytes[index] for index in ids)
        try:
            return spelling.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ActionTokenError(
                f"{len(ids)} ids give {len(spelling)} bytes that are not UTF-8: {error.reason} at byte {error.start}"
            ) from error
