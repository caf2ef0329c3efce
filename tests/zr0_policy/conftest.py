"""A small random ZR-0 with its tokenizer, shared by all tests of the package."""

import numpy as np
import pytest
import torch
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.types import CameraImage, Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.checkpoint.tiny import tiny_model, tiny_tokenizer
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import Tokens

INSTRUCTION = "Put the red cube into the blue bin."


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def embodiment() -> Embodiment:
    return Embodiment.load("xarm7_gripper")


@pytest.fixture(scope="session")
def tokens(embodiment: Embodiment) -> Tokens:
    texts = [INSTRUCTION, *(camera.key for camera in embodiment.cameras)]
    return Tokens.from_tokenizer(tiny_tokenizer(texts * 4), "the test's tokenizer")


@pytest.fixture(scope="session")
def model(tokens: Tokens, embodiment: Embodiment) -> Zr0Model:
    return tiny_model(tokens, embodiment, seed=0).requires_grad_(requires_grad=False)


@pytest.fixture(scope="session")
def checkpoint(model: Zr0Model, tokens: Tokens, embodiment: Embodiment) -> Checkpoint:
    middle = np.append(embodiment.home, 0.4)
    low, high = tuple((middle - 0.4).tolist()), tuple((middle + 0.4).tolist())
    statistics = {
        key: FeatureStatistics(names=embodiment.action.names, minimum=low, maximum=high, q01=low, q99=high)
        for key in (embodiment.state.key, embodiment.action.key)
    }
    facts = ServingFacts(
        embodiment=embodiment,
        statistics=statistics,
        options=Zr0Options(),
        provenance=Provenance(is_trained=False, description="Random weights of a test.", seed=0),
    )
    return Checkpoint(model=model, tokens=tokens, facts=facts)


@pytest.fixture(scope="session")
def observation(embodiment: Embodiment) -> Observation:
    rng = np.random.default_rng(0)
    return Observation(
        images=tuple(
            CameraImage(key=camera.key, stamp_ns=7, rgb=rng.integers(0, 256, (480, 640, 3), dtype=np.uint8))
            for camera in embodiment.cameras
        ),
        state=np.append(embodiment.home + 0.1, 0.3),
        state_stamp_ns=8,
        instruction=INSTRUCTION,
    )
