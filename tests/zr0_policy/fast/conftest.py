"""Smooth random motions and a FAST tokenizer trained on some of them."""

from collections.abc import Callable

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_policy.fast.tokenizer import FastTokenizer
from zr0_policy.fast.training import train_fast_tokenizer

Motions = Callable[..., list[FloatArray]]


def _motions(num: int, *, horizon: int = 16, dimension: int = 7, seed: int = 0) -> list[FloatArray]:
    rng = np.random.default_rng(seed)
    time = np.arange(horizon)[:, None] / 32
    chunks = []
    for _ in range(num):
        chunk = np.zeros((horizon, dimension)) + rng.uniform(-0.6, 0.6, dimension)
        for frequency in (0.5, 1.5, 2.5):
            amplitude, phase = rng.normal(0, 0.2 / frequency, dimension), rng.uniform(0, 2 * np.pi, dimension)
            chunk += amplitude * np.sin(2 * np.pi * frequency * time + phase)
        chunk[:, -1] = np.where(np.arange(horizon) < rng.integers(0, 2 * horizon), -1.0, 1.0)
        chunks.append(chunk)
    return chunks


@pytest.fixture(scope="session")
def motions() -> Motions:
    """Make `num` chunks (H, D) of slow motions with a gripper that closes or does not."""
    return _motions


@pytest.fixture(scope="session")
def tokenizer() -> FastTokenizer:
    return train_fast_tokenizer(_motions(400), vocabulary_size=512)
