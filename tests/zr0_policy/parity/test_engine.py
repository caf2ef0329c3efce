"""The fast path and the choice among samples, against the published classes."""

import copy

import pytest
import torch
from torch import Tensor
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.self_consistency import most_consistent
from zr0_policy.model.zr0 import Zr0Model

GATE = 1e-4


@pytest.fixture(scope="module")
def engine(recorded_model: Zr0Model) -> ChunkEngine:
    return ChunkEngine(copy.deepcopy(recorded_model), num_steps=5)


def chunk_inputs(inputs: ModelInputs, noise: Tensor) -> ChunkInputs:
    return ChunkInputs(
        pixel_values=inputs.pixel_values,
        state=inputs.state,
        noise=noise,
        action_mask=inputs.action_mask.expand(noise.shape),
    )


def test_features_of_the_fast_path(
    engine: ChunkEngine, direct_inputs: ModelInputs, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    for inputs, name in ((direct_inputs, "direct"), (training_inputs, "training")):
        is_token = inputs.attention_mask.bool()
        got = engine.features(engine.plan(inputs), inputs.pixel_values)
        torch.testing.assert_close(got[is_token], recorded[f"{name}.features"][is_token], atol=GATE, rtol=0.0)


def test_several_samples_of_the_fast_path(
    engine: ChunkEngine, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    noise = recorded["direct.noise"][:, 0]
    got = engine.run(engine.plan(direct_inputs), chunk_inputs(direct_inputs, noise))
    torch.testing.assert_close(got, recorded["direct.n_actions"], atol=GATE, rtol=0.0)


def test_actions_of_the_fast_path_with_a_sub_task(
    engine: ChunkEngine, sub_task_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    got = engine.run(engine.plan(sub_task_inputs), chunk_inputs(sub_task_inputs, recorded["direct.noise"][2]))
    torch.testing.assert_close(got, recorded["sub_task.actions"], atol=GATE, rtol=0.0)


@pytest.mark.parametrize("recording", ["small_tokens", "loud_feed_forward"])
def test_actions_of_the_fast_path_with_scaled_weights(
    request: pytest.FixtureRequest, direct_inputs: ModelInputs, recorded: dict[str, Tensor], recording: str
) -> None:
    model = copy.deepcopy(request.getfixturevalue(f"model_with_{recording}"))
    engine = ChunkEngine(model, num_steps=5)
    got = engine.run(engine.plan(direct_inputs), chunk_inputs(direct_inputs, recorded["direct.noise"][0]))
    torch.testing.assert_close(got, recorded[f"{recording}.actions"], atol=GATE, rtol=0.0)


def test_the_most_consistent_sample_is_the_published_choice(recorded: dict[str, Tensor]) -> None:
    votes = recorded["self_consistency.votes"]
    assert {len(set(row)) for row in votes.tolist()} == {1, 2, 3}
    got = [int(most_consistent(candidates)) for candidates in recorded["self_consistency.candidates"]]
    assert got == recorded["self_consistency.winner"].tolist()
