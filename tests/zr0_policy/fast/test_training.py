import hashlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from zr0_core.types import FloatArray
from zr0_policy.fast.byte_pairs import byte_letters
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.tokenizer import FastTokenizer
from zr0_policy.fast.tokenizer_json import format_byte_pairs
from zr0_policy.fast.training import train_fast_tokenizer
from zr0_policy.fast.transform import quantise

Motions = Callable[..., list[FloatArray]]

NOISE_PROGRAM = """
import hashlib, numpy
from zr0_policy.fast.tokenizer_json import format_byte_pairs
from zr0_policy.fast.training import train_fast_tokenizer
chunks = numpy.random.default_rng(9).normal(size=(100, 8, 4))
text = format_byte_pairs(train_fast_tokenizer(chunks, vocabulary_size=300).byte_pairs)
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_the_most_frequent_pair_is_merged_first() -> None:
    # One step: coefficients 1, 2 five times over, then 3; the lowest is 1, so character 0 is coefficient 0.
    chunk = np.array([[0.1, 0.2] * 5 + [0.3]])
    tokenizer = train_fast_tokenizer([chunk, chunk], vocabulary_size=257)
    letters = byte_letters()
    assert tokenizer.config.min_token == 0
    assert tokenizer.byte_pairs.merges == ((letters[1], letters[2]),)
    assert tokenizer.encode(chunk).ids == (256,) * 5 + (tokenizer.byte_pairs.vocabulary.index(letters[3]),)


def test_a_pair_is_merged_from_its_second_time_on() -> None:
    letters = byte_letters()
    twice = train_fast_tokenizer([np.array([[0.1, 0.2, 0.3, 0.1, 0.2]])], vocabulary_size=257)
    assert twice.byte_pairs.merges == ((letters[1], letters[2]),)
    with pytest.raises(ActionTokenError, match="1 chunks repeat only enough for 256 tokens, vocabulary_size is 257"):
        train_fast_tokenizer([np.array([[0.1, 0.2, 0.3]])], vocabulary_size=257)


def test_the_vocabulary_holds_all_bytes_and_is_as_large_as_asked(tokenizer: FastTokenizer) -> None:
    assert set(tokenizer.byte_pairs.vocabulary[:256]) == set(byte_letters())
    assert len(tokenizer.byte_pairs.vocabulary) == tokenizer.config.vocab_size == 512
    assert len(tokenizer.byte_pairs.merges) == 256
    assert not tokenizer.byte_pairs.is_split_at_words


def test_there_is_room_below_the_lowest_coefficient(tokenizer: FastTokenizer, motions: Motions) -> None:
    lowest = min(int(quantise(chunk, 10.0).min()) for chunk in motions(400))
    assert lowest < 0
    assert tokenizer.config.min_token == 2 * lowest
    assert all(tokenizer.encode(2 * chunk).num_clipped == 0 for chunk in motions(400))


def test_order_and_memory_layout_do_not_matter(motions: Motions) -> None:
    chunks = motions(100, seed=1)
    first = train_fast_tokenizer(chunks, vocabulary_size=400)
    second = train_fast_tokenizer((np.asfortranarray(chunk) for chunk in reversed(chunks)), vocabulary_size=400)
    assert first == second


def test_another_process_learns_the_same() -> None:
    chunks = np.random.default_rng(9).normal(size=(100, 8, 4))
    here = format_byte_pairs(train_fast_tokenizer(chunks, vocabulary_size=300).byte_pairs)
    done = subprocess.run([sys.executable, "-c", NOISE_PROGRAM], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_chunks_of_several_shapes_train_together(motions: Motions) -> None:
    mixed = [*motions(100, horizon=8, dimension=3), *motions(100, horizon=32, dimension=14)]
    tokenizer = train_fast_tokenizer(mixed, vocabulary_size=400)
    assert all(tokenizer.encode(chunk).num_clipped == 0 for chunk in mixed)


def test_a_finer_scale_gives_smaller_errors(motions: Motions) -> None:
    chunks = motions(200, seed=2)
    errors = []
    for scale in (5.0, 20.0):
        tokenizer = train_fast_tokenizer(chunks, scale=scale, vocabulary_size=300)
        decoded = [tokenizer.decode(tokenizer.encode(chunk).ids, 16, 7) for chunk in chunks]
        errors.append(float(np.sqrt(np.mean((np.array(decoded) - chunks) ** 2))))
        assert errors[-1] <= 0.5 / scale
    assert errors[1] < errors[0] / 2


def test_held_out_motions_take_few_tokens(tokenizer: FastTokenizer, motions: Motions) -> None:
    num_tokens = np.mean([len(tokenizer.encode(chunk).ids) for chunk in motions(100, seed=3)])
    assert num_tokens < 16 * 7 / 4


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (np.zeros(7), r"chunk 2: the chunk has shape \(7,\)"),
        (np.full((4, 7), np.nan), "chunk 2: component 0 of step 0 is nan"),
        (np.zeros((4, 7), dtype=np.int32), "chunk 2: the chunk holds int32"),
    ],
)
def test_a_bad_chunk_is_refused_by_its_number(bad: NDArray[Any], match: str) -> None:
    with pytest.raises(ActionTokenError, match=match):
        train_fast_tokenizer([np.zeros((4, 7)), np.zeros((4, 7)), bad], vocabulary_size=256)


def test_no_chunks_are_refused() -> None:
    with pytest.raises(ActionTokenError, match="no chunks to train on"):
        train_fast_tokenizer([])


def test_too_few_chunks_are_refused_with_what_they_are_enough_for(motions: Motions) -> None:
    chunks = motions(3)
    with pytest.raises(
        ActionTokenError, match=r"3 chunks repeat only enough for \d+ tokens, vocabulary_size is 2048; give"
    ):
        train_fast_tokenizer(chunks)
    with pytest.raises(ActionTokenError) as caught:
        train_fast_tokenizer(chunks)
    enough = int(str(caught.value).rpartition("=")[2])
    assert 256 < enough < 2048
    assert train_fast_tokenizer(chunks, vocabulary_size=enough).config.vocab_size == enough


def test_coefficients_too_far_apart_are_refused() -> None:
    train_fast_tokenizer([np.array([[-1000.0, 3529.5]])], vocabulary_size=256)  # -20000 to 35295: 55296 characters
    with pytest.raises(ActionTokenError, match="range from -10000 to 35296, too far apart for 55296 characters"):
        train_fast_tokenizer([np.array([[-1000.0, 3529.6]])], vocabulary_size=256)


@pytest.mark.parametrize("size", [255, 2049])
def test_an_impossible_vocabulary_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"vocabulary_size is {size}, expected 256 to 2048"):
        train_fast_tokenizer([np.zeros((4, 7))], vocabulary_size=size)


def test_an_impossible_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scale is 0.0, expected a number above 0"):
        train_fast_tokenizer([np.zeros((4, 7))], scale=0.0)
