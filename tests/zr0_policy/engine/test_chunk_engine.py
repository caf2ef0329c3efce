"""The fast path against the readable one, on the whole model."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import FeatureNorm
from zr0_policy.model.zr0 import Zr0Model


def assert_alike(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


@pytest.fixture(scope="module")
def inputs(checkpoint: Checkpoint, observation: Observation) -> ModelInputs:
    return checkpoint.transforms().inputs(observation)


@pytest.fixture(scope="module")
def engine(model: Zr0Model) -> ChunkEngine:
    return ChunkEngine(copy.deepcopy(model), num_steps=5)


def noise(num: int, seed: int = 5) -> Tensor:
    return torch.randn(num, 16, 64, generator=torch.Generator().manual_seed(seed))


def chunk_inputs(inputs: ModelInputs, noise: Tensor) -> ChunkInputs:
    return ChunkInputs(
        pixel_values=inputs.pixel_values,
        state=inputs.state,
        noise=noise,
        action_mask=inputs.action_mask[:1].expand(noise.shape),
    )


def batch_of_two(inputs: ModelInputs, checkpoint: Checkpoint) -> ModelInputs:
    """The same observation twice, the second with fewer words and other pictures, padded on the right."""
    length = inputs.input_ids.shape[1]
    marker = list(checkpoint.tokens.assistant_ids)
    cut = length - len(marker) - 6
    shorter = torch.cat([inputs.input_ids[:, :cut], torch.tensor([marker]), torch.zeros(1, 6, dtype=torch.int64)], 1)
    keep = (torch.arange(length) < length - 6)[None]
    return ModelInputs(
        input_ids=torch.cat([inputs.input_ids, shorter]),
        attention_mask=torch.cat([inputs.attention_mask, keep.long()]),
        prompt_mask=torch.cat([inputs.prompt_mask, keep]),
        pixel_values=torch.cat([inputs.pixel_values, inputs.pixel_values.flip(0)]),
        image_grid_thw=inputs.image_grid_thw.repeat(2, 1),
        state=torch.cat([inputs.state, -inputs.state]),
        action_mask=inputs.action_mask.repeat(2, 1, 1),
    )


@pytest.mark.parametrize("multiple", [1, 16, 200])
def test_actions_equal_the_readable_path_whatever_the_padding(
    model: Zr0Model, inputs: ModelInputs, multiple: int
) -> None:
    engine = ChunkEngine(copy.deepcopy(model), num_steps=5, length_multiple=multiple)
    plan = engine.plan(inputs)
    assert plan.embeddings.shape[1] % multiple == 0
    got = engine.run(plan, chunk_inputs(inputs, noise(1)))
    expected = model.sample(inputs, noise(1), 5)
    assert expected.abs().max() > 0.5
    assert_alike(got, expected)


@pytest.mark.parametrize("norm", list(FeatureNorm))
def test_features_equal_the_readable_path(model: Zr0Model, inputs: ModelInputs, norm: FeatureNorm) -> None:
    chosen = Zr0Model(copy.deepcopy(model.vlm), copy.deepcopy(model.expert), norm).eval()
    expected = chosen.features(inputs)
    engine = ChunkEngine(chosen, num_steps=5)
    got = engine.features(engine.plan(inputs), inputs.pixel_values)
    torch.testing.assert_close(got, expected, atol=5e-5, rtol=1e-5)


def test_prompts_of_several_lengths_in_one_batch_equal_each_alone(
    model: Zr0Model, engine: ChunkEngine, inputs: ModelInputs, checkpoint: Checkpoint
) -> None:
    both = batch_of_two(inputs, checkpoint)
    got = engine.run(engine.plan(both), chunk_inputs(both, noise(2)))
    assert_alike(got, model.sample(both, noise(2), 5))
    assert_alike(got[:1], model.sample(inputs, noise(2)[:1], 5))
    assert (got[0] - got[1]).abs().max() > 0.1


def test_cameras_in_one_batch_do_not_see_each_other(engine: ChunkEngine, inputs: ModelInputs) -> None:
    plan = engine.plan(inputs)
    expected = engine.features(plan, inputs.pixel_values)
    other = inputs.pixel_values.clone()
    other[196:] = 0.0
    changed = engine.features(plan, other)
    first_of_second = int(plan.image_rows[49])
    assert_alike(changed[:, :first_of_second], expected[:, :first_of_second])
    assert (changed[:, first_of_second:] - expected[:, first_of_second:]).abs().max() > 0.1


def test_several_samples_of_one_observation_equal_each_alone(engine: ChunkEngine, inputs: ModelInputs) -> None:
    plan = engine.plan(inputs)
    together = engine.run(plan, chunk_inputs(inputs, noise(4)))
    for index in range(4):
        alone = engine.run(plan, chunk_inputs(inputs, noise(4)[index : index + 1]))
        assert_alike(together[index : index + 1], alone)


def test_guided_actions_equal_the_readable_path(model: Zr0Model, engine: ChunkEngine, inputs: ModelInputs) -> None:
    guidance = Guidance.from_overlap(noise(1, seed=6)[0, :10], 4, 16)
    expected = model.sample(inputs, noise(1), 5, guidance)
    with torch.no_grad():
        got = engine.run(engine.plan(inputs), chunk_inputs(inputs, noise(1)), guidance)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    assert (expected - model.sample(inputs, noise(1), 5)).abs().max() > 0.1


def test_the_model_stays_as_it_was(model: Zr0Model, inputs: ModelInputs) -> None:
    shared = copy.deepcopy(model)
    ChunkEngine(shared, num_steps=5)
    for (name, mine), theirs in zip(shared.state_dict().items(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
    assert_alike(shared.sample(inputs, noise(1), 5), model.sample(inputs, noise(1), 5))


def test_images_of_several_sizes_are_refused(engine: ChunkEngine, inputs: ModelInputs) -> None:
    grids = inputs.image_grid_thw.clone()
    grids[1, 1] = 28
    with pytest.raises(ValueError, match=r"image grids are .*, expected one or more of the same size"):
        engine.plan(dataclasses.replace(inputs, image_grid_thw=grids))


def test_padding_to_less_than_one_token_is_refused(model: Zr0Model) -> None:
    with pytest.raises(ValueError, match="length_multiple is 0, expected at least 1"):
        ChunkEngine(model, num_steps=5, length_multiple=0)


@pytest.mark.parametrize(
    ("part", "changes", "match"),
    [
        ("text_config", {"hidden_act": "gelu"}, "hidden_act 'gelu' and attention_bias False"),
        ("text_config", {"attention_bias": True}, "attention_bias True, expected 'silu' and False"),
        ("vision_config", {"hidden_act": "relu"}, "vision_config.hidden_act is 'relu', expected one of gelu"),
    ],
)
def test_architectures_that_are_not_implemented_are_refused(
    model: Zr0Model, part: str, changes: dict[str, object], match: str
) -> None:
    changed = copy.deepcopy(model)
    for name, value in changes.items():
        setattr(getattr(changed.vlm.config, part), name, value)
    with pytest.raises(ValueError, match=match):
        ChunkEngine(changed, num_steps=5)
