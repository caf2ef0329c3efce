"""The checkpoint that ships in the repository."""

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import Observation
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.locate import locate
from zr0_policy.policies.zr0 import Zr0Policy

DIRECTORY = locate("zr0_tiny_xarm7")


def test_is_small_and_for_the_shipped_embodiment(embodiment: Embodiment) -> None:
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) < 6_500_000
    facts = load_checkpoint(DIRECTORY).facts
    assert facts.embodiment.compare(embodiment) == ()
    assert facts.options.feature_norm == "pre"


def test_provenance_says_how_it_was_made() -> None:
    provenance = load_checkpoint(DIRECTORY).facts.provenance
    assert provenance.description
    assert provenance.is_trained == bool(provenance.training)
    if provenance.is_trained:
        assert provenance.data["episodes"] > 0
        assert provenance.training["steps"] > 0
        assert "demonstration size" in provenance.description


def test_a_chunk_continues_from_the_state(observation: Observation, embodiment: Embodiment) -> None:
    checkpoint = load_checkpoint(DIRECTORY)
    if not checkpoint.facts.provenance.is_trained:
        pytest.skip("the shipped checkpoint is not fitted")
    actions = Zr0Policy(checkpoint, seed=0).infer(observation)
    path = np.vstack([observation.state, actions])[:, :-1]
    assert np.abs(np.diff(path, axis=0)).max() < embodiment.action.max_step
