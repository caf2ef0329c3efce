import string
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_policy.fast.byte_pairs import BytePairs
from zr0_policy.fast.config import FastConfig
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.tokenizer import EncodedChunk, FastTokenizer
from zr0_policy.fast.transform import quantise

Motions = Callable[..., list[FloatArray]]

CAPITALS = FastTokenizer(
    config=FastConfig(scale=10, vocab_size=28, min_token=-76),
    byte_pairs=BytePairs(
        vocabulary=(*string.ascii_uppercase, "OH", "MA"), merges=(("O", "H"), ("M", "A")), is_split_at_words=False
    ),
)
"""Coefficients -11 to 14 are A to Z."""


def test_two_steps_by_hand() -> None:
    # The coefficients are [[3, -4], [1, -11]]; 76 more are 79, 72, 77, 65: the letters O, H, M, A.
    encoded = CAPITALS.encode(np.array([[0.3, -1.0], [0.1, 0.5]]))
    assert encoded == EncodedChunk(ids=(26, 27), num_clipped=0)
    expected = [[0.28284271, -1.06066017], [0.14142136, 0.49497475]]
    assert CAPITALS.decode(encoded.ids, 2, 2) == pytest.approx(np.array(expected), abs=1e-8)
    # The same ids as four steps of one component: the order is frequencies first, components within.
    assert CAPITALS.decode((26, 27), 4, 1)[:, 0].sum() == pytest.approx(0.3 * 4 / np.sqrt(4))


def test_coefficients_beyond_the_vocabulary_are_moved_to_its_ends_and_counted() -> None:
    # One step: coefficients are ten times the values. -1.1 is the lowest, 1.4 the highest.
    encoded = CAPITALS.encode(np.array([[-1.1, -1.2, -100.0, 0.0, 1.4, 1.5, 1e6]]))
    assert encoded.num_clipped == 4
    assert CAPITALS.decode(encoded.ids, 1, 7) == pytest.approx(np.array([[-1.1, -1.1, -1.1, 0.0, 1.4, 1.4, 1.4]]))


@pytest.mark.parametrize("amplitude", [0.0, 0.1, 1.0, 3.0, 10.0, 1000.0])
@pytest.mark.parametrize(("horizon", "dimension"), [(1, 1), (2, 3), (16, 7), (31, 5)])
def test_no_motion_gets_lost(
    tokenizer: FastTokenizer, motions: Motions, horizon: int, dimension: int, amplitude: float
) -> None:
    low = tokenizer.config.min_token
    for chunk in motions(20, horizon=horizon, dimension=dimension, seed=5):
        encoded = tokenizer.encode(amplitude * chunk)
        decoded = tokenizer.decode(encoded.ids, horizon, dimension)
        wanted = quantise(amplitude * chunk, 10.0)
        assert encoded.num_clipped == np.count_nonzero((wanted < low) | (wanted > low + 0xD7FF))
        assert np.array_equal(quantise(decoded, 10.0), np.clip(wanted, low, low + 0xD7FF))
        if encoded.num_clipped == 0:
            assert np.abs(decoded - amplitude * chunk).max() <= 0.5 / 10.0 * np.sqrt(horizon)


def test_noise_of_any_size_comes_back(tokenizer: FastTokenizer) -> None:
    rng = np.random.default_rng(6)
    for size in np.geomspace(0.01, 1e6, 50):
        chunk = rng.uniform(-size, size, (16, 7))
        decoded = tokenizer.decode(tokenizer.encode(chunk).ids, 16, 7)
        assert np.isfinite(decoded).all()
        assert tokenizer.encode(decoded) == EncodedChunk(ids=tokenizer.encode(chunk).ids, num_clipped=0)


def test_the_largest_coefficient_is_before_the_surrogates(tokenizer: FastTokenizer) -> None:
    largest = (0xD7FF + tokenizer.config.min_token) / 10.0
    chunk = np.array([[largest, largest + 0.1, largest + 300.0]])
    encoded = tokenizer.encode(chunk)
    assert encoded.num_clipped == 2
    assert tokenizer.decode(encoded.ids, 1, 3) == pytest.approx(np.full((1, 3), largest))


def test_the_same_chunk_has_the_same_ids(tokenizer: FastTokenizer, motions: Motions) -> None:
    chunks = motions(50, seed=7)
    ids = [tokenizer.encode(chunk).ids for chunk in chunks]
    again = [tokenizer.encode(np.asfortranarray(chunk)).ids for chunk in reversed(chunks)]
    assert ids == again[::-1]


def test_all_ids_are_in_the_vocabulary(tokenizer: FastTokenizer, motions: Motions) -> None:
    used = {index for chunk in motions(50, seed=8) for index in tokenizer.encode(3 * chunk).ids}
    assert min(used) >= 0
    assert max(used) < tokenizer.config.vocab_size


def test_a_chunk_that_is_none_is_refused(tokenizer: FastTokenizer) -> None:
    with pytest.raises(ActionTokenError, match="component 2 of step 1 is nan"):
        tokenizer.encode(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, np.nan]]))


@pytest.mark.parametrize(
    ("ids", "match"),
    [
        ((26,), "1 ids give 2 coefficients, expected 2 steps x 2 components = 4"),
        ((26, 27, 0), "3 ids give 5 coefficients, expected 2 steps x 2 components = 4"),
        ((), "0 ids give 0 coefficients"),
        ((26, 28), "id 1 of 2 is 28, expected 0 to 27"),
    ],
)
def test_ids_that_are_no_chunk_are_refused(ids: tuple[int, ...], match: str) -> None:
    with pytest.raises(ActionTokenError, match=match):
        CAPITALS.decode(ids, 2, 2)


def test_half_a_character_is_refused(tokenizer: FastTokenizer, motions: Motions) -> None:
    letter = tokenizer.byte_pairs.vocabulary.index("\u00c2")  # the byte C2, which begins a character
    ids = tokenizer.encode(motions(1)[0]).ids
    with pytest.raises(ActionTokenError, match="bytes that are not UTF-8: unexpected end of data"):
        tokenizer.decode((*ids, letter), 16, 7)


@pytest.mark.parametrize(("horizon", "dimension"), [(0, 2), (2, 0), (-2, -2)])
def test_a_shape_without_values_is_refused(horizon: int, dimension: int) -> None:
    with pytest.raises(ValueError, match=f"a chunk of {horizon} steps x {dimension} components, expected at least one"):
        CAPITALS.decode((26, 27), horizon, dimension)


def test_config_and_vocabulary_must_agree() -> None:
    with pytest.raises(ValueError, match="the vocabulary has 28 tokens, vocab_size is 27; correct vocab_size"):
        FastTokenizer(config=FastConfig(scale=10, vocab_size=27, min_token=0), byte_pairs=CAPITALS.byte_pairs)


def test_actions_become_tokens_without_torch() -> None:
    program = (
        "import sys, zr0_policy.fast.files, zr0_policy.fast.training, zr0_policy.fast.action_text\n"
        "print({'torch', 'transformers'} & set(sys.modules), 'tokenizers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set() True"
