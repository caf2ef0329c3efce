"""Buffers that never move. Recording itself needs a CUDA device; here, work is replayed by doing it again."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs
from zr0_policy.engine.static_chunks import StaticChunks, Work, record_cuda_graph
from zr0_policy.engine.tensor_tree import cloned, overwrite, tensors_of
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model


class Player:
    """Records by remembering the work, gives every result in the same memory, and counts."""

    def __init__(self) -> None:
        self.num_recorded = 0

    def record(self, work: Work) -> Work:
        self.num_recorded += 1
        result = work()
        return lambda: result.copy_(work())


@pytest.fixture(scope="module")
def engine(model: Zr0Model) -> ChunkEngine:
    return ChunkEngine(copy.deepcopy(model), num_steps=5, length_multiple=64)


def inputs_of(checkpoint: Checkpoint, observation: Observation, instruction: str) -> ModelInputs:
    return checkpoint.transforms().inputs(dataclasses.replace(observation, instruction=instruction))


def chunk_inputs(inputs: ModelInputs, seed: int, num_samples: int = 1) -> ChunkInputs:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(num_samples, 16, 64, generator=generator)
    return ChunkInputs(
        pixel_values=inputs.pixel_values * (1 - 0.1 * seed),
        state=inputs.state + 0.1 * seed,
        noise=noise,
        action_mask=inputs.action_mask[:1].expand(noise.shape),
    )


def test_every_chunk_equals_the_engines_own_and_shapes_are_recorded_once(
    engine: ChunkEngine, checkpoint: Checkpoint, observation: Observation
) -> None:
    player = Player()
    static = StaticChunks(engine, player.record)
    results: list[tuple[Tensor, Tensor]] = []
    for instruction in ("Put the red cube into the blue bin.", "Put it away.", "Put the red cube into the blue bin."):
        inputs = inputs_of(checkpoint, observation, instruction)
        plan = engine.plan(inputs)
        for chunk in (chunk_inputs(inputs, 1), chunk_inputs(inputs, 2)):
            got = static.run(plan, chunk)
            results.append((got, engine.run(plan, chunk)))
    for got, expected in results:
        torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-6)
    assert player.num_recorded == static.num_recordings == 1
    assert (results[0][0] - results[2][0]).abs().max() > 1e-3
    static.run(plan, chunk_inputs(inputs, 1, num_samples=3))
    assert player.num_recorded == static.num_recordings == 2


def test_a_plan_that_comes_back_is_copied_again(
    engine: ChunkEngine, checkpoint: Checkpoint, observation: Observation
) -> None:
    static = StaticChunks(engine, Player().record)
    first = inputs_of(checkpoint, observation, "Put it away.")
    second = inputs_of(checkpoint, observation, "Put it aside.")
    plans = {"first": engine.plan(first), "second": engine.plan(second)}
    chunk = chunk_inputs(first, 1)
    for name in ("first", "second", "first", "first"):
        expected = engine.run(plans[name], chunk)
        torch.testing.assert_close(static.run(plans[name], chunk), expected, atol=1e-6, rtol=1e-6)


def test_guidance_of_a_known_strength_is_copied_and_of_another_recorded(
    engine: ChunkEngine, checkpoint: Checkpoint, observation: Observation
) -> None:
    player = Player()
    static = StaticChunks(engine, player.record)
    inputs = inputs_of(checkpoint, observation, "Put it away.")
    plan, chunk = engine.plan(inputs), chunk_inputs(inputs, 1)
    targets = torch.randn(2, 10, 64, generator=torch.Generator().manual_seed(3))
    steered = [Guidance.from_overlap(target, 4, 16) for target in targets]
    steered.append(dataclasses.replace(steered[0], max_weight=0.5))
    chunks = []
    with torch.no_grad():
        for guidance in steered:
            chunks.append(static.run(plan, chunk, guidance))
            torch.testing.assert_close(chunks[-1], engine.run(plan, chunk, guidance), atol=1e-5, rtol=1e-5)
    assert (chunks[0] - chunks[1]).abs().max() > 1e-3
    assert (chunks[0] - chunks[2]).abs().max() > 1e-3
    assert player.num_recorded == 2


def test_an_earlier_result_is_not_overwritten_by_a_later_chunk(
    engine: ChunkEngine, checkpoint: Checkpoint, observation: Observation
) -> None:
    static = StaticChunks(engine, Player().record)
    inputs = inputs_of(checkpoint, observation, "Put it away.")
    plan = engine.plan(inputs)
    first = static.run(plan, chunk_inputs(inputs, 1))
    kept = first.clone()
    static.run(plan, chunk_inputs(inputs, 2))
    assert torch.equal(first, kept)


def test_trees_are_copied_whole(engine: ChunkEngine, checkpoint: Checkpoint, observation: Observation) -> None:
    plan = engine.plan(inputs_of(checkpoint, observation, "Put it away."))
    copied = cloned(plan, torch.device("cpu"))
    assert len(list(tensors_of(plan))) == 8
    for mine, theirs in zip(tensors_of(copied), tensors_of(plan), strict=True):
        assert torch.equal(mine, theirs)
        assert mine.data_ptr() != theirs.data_ptr()
    assert copied.geometry.num_images == plan.geometry.num_images
    other = engine.plan(inputs_of(checkpoint, observation, "Put the red cube into the blue bin."))
    overwrite(copied, other)
    for mine, theirs in zip(tensors_of(copied), tensors_of(other), strict=True):
        assert torch.equal(mine, theirs)


def test_trees_of_other_shapes_are_not_copied() -> None:
    with pytest.raises(ValueError, match=r"cannot copy tensors of shapes \[\(2,\)\] into \[\(3,\)\]"):
        overwrite((torch.zeros(3),), (torch.zeros(2),))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_graph_gives_what_the_engine_gives(
    model: Zr0Model, checkpoint: Checkpoint, observation: Observation
) -> None:
    engine = ChunkEngine(copy.deepcopy(model).to("cuda"), num_steps=5, length_multiple=64)
    static = StaticChunks(engine, record_cuda_graph)
    for instruction in ("Put the red cube into the blue bin.", "Put it away."):
        inputs = inputs_of(checkpoint, observation, instruction)
        plan = engine.plan(inputs)
        for seed in (1, 2):
            on_device = engine.run(plan, on_cuda(chunk_inputs(inputs, seed)))
            torch.testing.assert_close(static.run(plan, chunk_inputs(inputs, seed)), on_device, atol=1e-5, rtol=1e-5)
        got = static.run(plan, chunk_inputs(inputs, 0)).cpu()
        expected = model.sample(inputs, chunk_inputs(inputs, 0).noise, 5)
        torch.testing.assert_close(got, expected, atol=1e-2, rtol=1e-2)
    assert static.num_recordings == 1


def on_cuda(inputs: ChunkInputs) -> ChunkInputs:
    return ChunkInputs(**{field.name: getattr(inputs, field.name).cuda() for field in dataclasses.fields(inputs)})
