"""Against the published algorithm, written down a second time, directly: sums for transforms, the library for bytes."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast
from zr0_core.types import FloatArray
from zr0_policy.fast.files import load_fast_tokenizer, save_fast_tokenizer
from zr0_policy.fast.tokenizer import FastTokenizer

Motions = Callable[..., list[FloatArray]]

SCALE = 10
SIZE = 512


def weight(frequency: int, num: int) -> float:
    return math.sqrt((1 if frequency == 0 else 2) / num)


def published_coefficients(chunk: FloatArray) -> list[int]:
    """Frequency by frequency, all components of each."""
    num, dimension = chunk.shape
    return [
        int(
            np.around(
                SCALE
                * weight(k, num)
                * math.fsum(chunk[n, d] * math.cos(math.pi * (2 * n + 1) * k / (2 * num)) for n in range(num))
            )
        )
        for k in range(num)
        for d in range(dimension)
    ]


def published_text(chunk: FloatArray, min_token: int) -> str:
    return "".join(chr(max(value - min_token, 0)) for value in published_coefficients(chunk))


def published_chunk(text: str, min_token: int, horizon: int, dimension: int) -> FloatArray:
    values = [(ord(character) + min_token) / SCALE for character in text]
    assert len(values) == horizon * dimension
    return np.array(
        [
            [
                math.fsum(
                    weight(k, horizon) * values[k * dimension + d] * math.cos(math.pi * (2 * n + 1) * k / (2 * horizon))
                    for k in range(horizon)
                )
                for d in range(dimension)
            ]
            for n in range(horizon)
        ]
    )


@pytest.fixture(scope="module")
def published(motions: Motions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as the published training writes it."""
    coefficients = [published_coefficients(chunk) for chunk in motions(400)]
    low, high = min(map(min, coefficients)), max(map(max, coefficients))
    library = ByteLevelBPETokenizer()
    trainer = BpeTrainer(
        vocab_size=SIZE,
        min_frequency=2,
        special_tokens=[],
        initial_alphabet=[chr(code) for code in range(high - low + 1)],
        max_token_length=10000,
        show_progress=False,
    )
    texts = ["".join(chr(value - low) for value in each) for each in coefficients]
    library._tokenizer.train_from_iterator(texts, trainer=trainer)
    directory = tmp_path_factory.mktemp("published")
    library.save(str(directory / "tokenizer.json"))
    (directory / "processor_config.json").write_text(
        json.dumps(
            {
                "action_dim": None,
                "auto_map": {"AutoProcessor": "processing_action_tokenizer.UniversalActionProcessor"},
                "min_token": low,
                "processor_class": "UniversalActionProcessor",
                "scale": SCALE,
                "time_horizon": None,
                "vocab_size": library.get_vocab_size(),
            }
        )
    )
    return directory


@pytest.mark.parametrize("amplitude", [0.53, 1.0, 3.0])
def test_published_files_give_the_published_ids(published: Path, motions: Motions, amplitude: float) -> None:
    tokenizer, library = load_fast_tokenizer(published), Tokenizer.from_file(str(published / "tokenizer.json"))
    min_token = tokenizer.config.min_token
    num_compared, num_lost = 0, 0
    for chunk in motions(60, seed=11):
        text = published_text(amplitude * chunk, min_token)
        ids = library.encode(text).ids
        encoded = tokenizer.encode(amplitude * chunk)
        decoded = tokenizer.decode(encoded.ids, 16, 7)
        if library.decode(ids) == text:
            num_compared += 1
            assert encoded.ids == tuple(ids)
            assert decoded == pytest.approx(published_chunk(text, min_token, 16, 7), abs=1e-12)
        else:
            # Bytes that the vocabulary lacks were left out there; here the coefficients are moved and counted.
            num_lost += 1
            assert encoded.num_clipped > 0
    assert num_compared > 30 if amplitude <= 1.0 else num_lost > 30


def test_clipping_in_published_files_moves_to_the_nearest_they_have(published: Path, motions: Motions) -> None:
    tokenizer, library = load_fast_tokenizer(published), Tokenizer.from_file(str(published / "tokenizer.json"))
    min_token = tokenizer.config.min_token
    spellable = [code for code in range(2000) if library.decode(library.encode(chr(code)).ids) == chr(code)]
    for chunk in motions(20, seed=12):
        wanted = [value - min_token for value in published_coefficients(4 * chunk)]
        moved = [min((abs(code - value), code) for code in spellable)[1] for value in wanted]
        encoded = tokenizer.encode(4 * chunk)
        assert tokenizer.byte_pairs.decode(encoded.ids) == "".join(map(chr, moved))
        assert encoded.num_clipped == sum(code != value for code, value in zip(moved, wanted, strict=True))


@pytest.mark.parametrize("amplitude", [1.0, 3.0])
def test_the_published_algorithm_reads_our_files(
    tokenizer: FastTokenizer, motions: Motions, tmp_path: Path, amplitude: float
) -> None:
    save_fast_tokenizer(tokenizer, tmp_path / "ours")
    library = PreTrainedTokenizerFast.from_pretrained(str(tmp_path / "ours"))
    assert len(library) == 512
    assert library.clean_up_tokenization_spaces is False
    min_token = tokenizer.config.min_token
    for chunk in motions(40, seed=13):
        text = published_text(amplitude * chunk, min_token)
        ids = library(text)["input_ids"]
        assert tokenizer.encode(amplitude * chunk).ids == tuple(ids)
        expected = published_chunk(library.decode(ids), min_token, 16, 7)
        assert tokenizer.decode(ids, 16, 7) == pytest.approx(expected, abs=1e-12)


def test_training_without_word_cuts_needs_fewer_tokens(
    published: Path, tokenizer: FastTokenizer, motions: Motions
) -> None:
    theirs = load_fast_tokenizer(published)
    chunks = motions(100, seed=14)
    ours_per_chunk = np.mean([len(tokenizer.encode(chunk).ids) for chunk in chunks])
    theirs_per_chunk = np.mean([len(theirs.encode(chunk).ids) for chunk in chunks])
    assert theirs.byte_pairs.is_split_at_words
    assert ours_per_chunk < 0.95 * theirs_per_chunk
