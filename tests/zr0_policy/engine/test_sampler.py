"""All ways to run a model give the same chunk."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs
from zr0_policy.engine.sampler import Engine, EngineSampler, ReadableSampler, make_sampler
from zr0_policy.engine.static_chunks import StaticChunks
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def inputs(checkpoint: Checkpoint, observation: Observation) -> ModelInputs:
    return checkpoint.transforms().inputs(observation)


def noise(num: int) -> Tensor:
    return torch.randn(num, 16, 64, generator=torch.Generator().manual_seed(5))


def samplers(model: Zr0Model) -> list[EngineSampler]:
    """The engine as it comes, and its buffers that never move."""
    engine = ChunkEngine(copy.deepcopy(model), num_steps=5)
    return [EngineSampler(engine, CPU), EngineSampler(engine, CPU, StaticChunks(engine, record=lambda work: work))]


@pytest.mark.parametrize("num_samples", [1, 3])
@pytest.mark.parametrize("is_guided", [False, True])
def test_all_samplers_agree(model: Zr0Model, inputs: ModelInputs, num_samples: int, is_guided: bool) -> None:
    guidance = Guidance.from_overlap(noise(1)[0, :10] / 3, 4, 16) if is_guided else None
    expected = ReadableSampler(model, 5).sample(inputs, noise(num_samples), guidance)
    assert expected.shape == (num_samples, 16, 64)
    for sampler in samplers(model):
        for _ in range(2):
            got = sampler.sample(inputs, noise(num_samples), guidance)
            torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_a_new_prompt_gets_a_new_plan_and_the_old_one_its_own_again(
    model: Zr0Model, checkpoint: Checkpoint, observation: Observation
) -> None:
    transforms = checkpoint.transforms()
    prompts = [
        transforms.inputs(dataclasses.replace(observation, instruction=text))
        for text in ("Put it away.", "Put it aside.", "Put it away.")
    ]
    for sampler in samplers(model):
        chunks = [sampler.sample(inputs, noise(1)) for inputs in prompts]
        for chunk, inputs in zip(chunks, prompts, strict=True):
            expected = ReadableSampler(model, 5).sample(inputs, noise(1))
            torch.testing.assert_close(chunk, expected, atol=1e-5, rtol=1e-5)
        assert (chunks[0] - chunks[1]).abs().max() > 1e-4


def test_the_same_words_seen_otherwise_are_another_prompt(model: Zr0Model, inputs: ModelInputs) -> None:
    hidden = inputs.prompt_mask.clone()
    hidden[:, :20] = False
    other = dataclasses.replace(inputs, prompt_mask=hidden)
    for sampler in samplers(model):
        first, second = sampler.sample(inputs, noise(1)), sampler.sample(other, noise(1))
        assert (first - second).abs().max() > 1e-4
        torch.testing.assert_close(second, ReadableSampler(model, 5).sample(other, noise(1)), atol=1e-5, rtol=1e-5)


def test_padding_is_seen_by_nobody(inputs: ModelInputs) -> None:
    padded = inputs.padded(3)
    assert padded.input_ids.shape[1] == inputs.input_ids.shape[1] + 3
    assert torch.equal(padded.input_ids[:, :-3], inputs.input_ids)
    assert padded.attention_mask[0, -4:].tolist() == [1, 0, 0, 0]
    assert padded.prompt_mask[0, -4:].tolist() == [True, False, False, False]
    assert inputs.padded(0) is inputs


def test_observations_are_repeated_as_wholes(inputs: ModelInputs) -> None:
    first = dataclasses.replace(inputs, state=inputs.state + 1.0, pixel_values=inputs.pixel_values + 1.0)
    names = [field.name for field in dataclasses.fields(ModelInputs)]
    both = ModelInputs(**{name: torch.cat([getattr(first, name), getattr(inputs, name)]) for name in names})
    repeated = both.repeated(2)
    for name in names:
        expected = torch.cat([getattr(first, name)] * 2 + [getattr(inputs, name)] * 2)
        assert torch.equal(getattr(repeated, name), expected), name


def test_compiling_finds_one_graph_without_breaks(model: Zr0Model, inputs: ModelInputs) -> None:
    engine = ChunkEngine(copy.deepcopy(model), num_steps=2)
    engine.compile(backend="eager")
    plan = engine.plan(inputs)
    chunk = ChunkInputs(
        pixel_values=inputs.pixel_values, state=inputs.state, noise=noise(1), action_mask=inputs.action_mask
    )
    with torch.inference_mode():
        got = engine.run(plan, chunk)
    torch.testing.assert_close(got, model.sample(inputs, noise(1), 2), atol=1e-5, rtol=1e-5)


def test_the_choice_is_made_by_device(model: Zr0Model) -> None:
    assert isinstance(make_sampler(copy.deepcopy(model), 5, Engine.READABLE), ReadableSampler)
    for engine in (Engine.AUTO, Engine.FAST):
        assert isinstance(make_sampler(copy.deepcopy(model), 5, engine), EngineSampler)
    with pytest.raises(ValueError, match="engine 'graph' needs a CUDA device, the model is on cpu; use 'fast'"):
        make_sampler(model, 5, Engine.GRAPH)
