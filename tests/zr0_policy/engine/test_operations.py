"""What a chunk costs at the published depth, counted: operations, and questions that the host asks of the device."""

import copy
import dataclasses
from typing import Any

import pytest
import torch
from operation_counter import OperationCounter
from torch import Tensor
from zr0_policy.checkpoint.tiny import random_model, special_ids
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs, PromptPlan
from zr0_policy.engine.sampler import EngineSampler
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.sizes import NARROW
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.prompt import prompt_mask, render, tokenize
from zr0_policy.preprocessing.tokens import Tokens

MOST_OPERATIONS = 1200


@pytest.fixture(scope="module")
def model(tokens: Tokens) -> Zr0Model:
    return random_model(NARROW, special_ids(tokens), 16, seed=0).requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def inputs(tokens: Tokens) -> ModelInputs:
    ids = tokenize(tokens, render(tokens, ["observation.images.wrist"], "Put the cube into the bin.", 49))
    generator = torch.Generator().manual_seed(0)
    return ModelInputs(
        input_ids=torch.from_numpy(ids)[None],
        attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
        prompt_mask=torch.from_numpy(prompt_mask(tokens, ids))[None],
        pixel_values=torch.rand(196, 1536, generator=generator) * 2 - 1,
        image_grid_thw=torch.tensor([[1, 14, 14]]),
        state=torch.randn(1, 1, 64, generator=generator),
        action_mask=(torch.arange(64) < 8).float().expand(1, 16, 64),
    )


def noise() -> Tensor:
    return torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(1))


def chunk_inputs(inputs: ModelInputs) -> ChunkInputs:
    return ChunkInputs(
        pixel_values=inputs.pixel_values, state=inputs.state, noise=noise(), action_mask=inputs.action_mask
    )


def test_a_chunk_is_at_most_1200_operations_and_no_question(model: Zr0Model, inputs: ModelInputs) -> None:
    expected = model.sample(inputs, noise(), 5)
    engine = ChunkEngine(model, num_steps=5)
    plan = engine.plan(inputs)
    with torch.inference_mode(), OperationCounter() as counter:
        got = engine.run(plan, chunk_inputs(inputs))
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    assert 1000 < counter.counts.total() <= MOST_OPERATIONS
    assert counter.num_questions == 0


def test_the_counter_sees_the_questions_of_the_readable_path(model: Zr0Model, inputs: ModelInputs) -> None:
    with torch.inference_mode(), OperationCounter() as counter:
        model.flow.sample(model.step_velocity(inputs, model.features(inputs)), noise(), inputs.action_mask, 5)
    assert counter.counts.total() > 2 * MOST_OPERATIONS
    assert counter.num_questions > 0


def test_no_value_and_no_tensor_of_the_host_is_needed(model: Zr0Model, inputs: ModelInputs) -> None:
    """On the meta device tensors have no values: to ask for one, or to mix in one of the host, is an error."""
    engine = ChunkEngine(model, num_steps=5)
    plan = on_meta(engine.plan(inputs))
    without_values = ChunkEngine(copy.deepcopy(model).to("meta"), num_steps=5)
    with torch.inference_mode():
        actions = without_values.run(plan, on_meta(chunk_inputs(inputs)))
    assert actions.shape == (1, 16, 64)
    assert actions.device.type == "meta"


class PlannedElsewhere(ChunkEngine):
    """Has its plans from an engine whose tensors have values."""

    def __init__(self, model: Zr0Model, planner: ChunkEngine) -> None:
        super().__init__(model, num_steps=5)
        self._planner = planner

    def plan(self, inputs: ModelInputs) -> PromptPlan:
        plan: PromptPlan = on_meta(self._planner.plan(inputs))
        return plan


@pytest.mark.parametrize("is_guided", [False, True])
def test_samplers_bring_everything_to_the_device(model: Zr0Model, inputs: ModelInputs, is_guided: bool) -> None:
    """Inputs, noise and guidance lie on the host; an operation between two devices is an error."""
    planner = ChunkEngine(copy.deepcopy(model), num_steps=5)
    engine = PlannedElsewhere(copy.deepcopy(model).to("meta"), planner)
    guidance = Guidance.from_overlap(noise()[0, :10], 4, 16) if is_guided else None
    actions = EngineSampler(engine, torch.device("meta")).sample(inputs, noise().expand(2, -1, -1), guidance)
    assert actions.shape == (2, 16, 64)
    assert actions.device.type == "meta"


def on_meta(value: Any) -> Any:
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, Tensor):
            changes[field.name] = item.to("meta")
        elif dataclasses.is_dataclass(item):
            changes[field.name] = on_meta(item)
    return dataclasses.replace(value, **changes)
