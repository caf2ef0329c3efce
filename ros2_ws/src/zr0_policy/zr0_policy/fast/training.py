"""Train a FAST tokenizer on one's own actions."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from zr0_policy.fast.action_text import NUM_ACTION_TOKENS
from zr0_policy.fast.byte_pairs import LAST_CHARACTER
from zr0_policy.fast.config import FastConfig
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.tokenizer import FastTokenizer
from zr0_policy.fast.tokenizer_json import parse_byte_pairs
from zr0_policy.fast.transform import quantise

_NUM_BYTES = 256


def train_fast_tokenizer(
    chunks: Iterable[NDArray[np.floating[Any]]], *, scale: float = 10.0, vocabulary_size: int = NUM_ACTION_TOKENS
) -> FastTokenizer:
    """Learn the vocabulary that writes chunks like these with few tokens. Order does not matter.

    Differs from the published training in three ways. All 256 bytes are in the vocabulary, so that every later chunk
    can be encoded. The characters are not cut into words, which mean nothing here and only keep merges short. And
    character 0 is left as far below the lowest coefficient as that is from zero, so that later chunks, which go
    somewhat further, are not clipped.

    Args:
        chunks: Normalised actions (H, D) each; H and D may differ between them.
        scale: Quantisation steps per unit.
        vocabulary_size: Tokens to end up with, 256 to 2048.

    Raises:
        ActionTokenError: A chunk is malformed, the chunks are too few for the vocabulary, or their coefficients span
            more than there are characters.
        ValueError: The scale or the size is out of range.

    Source: Pertsch et al. 2025 (arXiv 2501.09747), section V.
    """
    if not _NUM_BYTES <= vocabulary_size <= NUM_ACTION_TOKENS:
        raise ValueError(f"vocabulary_size is {vocabulary_size}, expected {_NUM_BYTES} to {NUM_ACTION_TOKENS}")
    config = FastConfig(scale=scale, vocab_size=vocabulary_size, min_token=0)
    coefficients = list(_quantised(chunks, scale))
    if not coefficients:
        raise ActionTokenError("no chunks to train on")
    low = min(int(each.min()) for each in coefficients)
    high = max(int(each.max()) for each in coefficients)
    min_token = low - abs(low)
    if high - min_token > LAST_CHARACTER:
        raise ActionTokenError(
            f"the coefficients range from {low} to {high}, too far apart for {LAST_CHARACTER + 1} characters; lower "
            f"the scale of {scale:g}, or look for wild values"
        )
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    learned.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        special_tokens=[],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = ("".join(map(chr, (each - min_token).tolist())) for each in coefficients)
    learned.train_from_iterator(texts, trainer=trainer)
    size = learned.get_vocab_size()
    if size < vocabulary_size:
        raise ActionTokenError(
            f"{len(coefficients)} chunks repeat only enough for {size} tokens, vocabulary_size is {vocabulary_size}; "
            f"give more chunks, or vocabulary_size={size}"
        )
    return FastTokenizer(
        config=dataclasses.replace(config, min_token=min_token),
        byte_pairs=parse_byte_pairs(learned.to_str()),
    )


def _quantised(chunks: Iterable[NDArray[np.floating[Any]]], scale: float) -> Iterator[NDArray[np.int64]]:
    for index, chunk in enumerate(chunks):
        try:
            yield quantise(chunk, scale).ravel()
        except ActionTokenError as error:
            raise ActionTokenError(f"chunk {index}: {error}") from error
