import dataclasses

import pytest
import torch
from transformers import GenerationConfig
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.model.generation import generate_greedily
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model

NO_STOP = (0,)


@pytest.fixture(scope="module")
def inputs(checkpoint: Checkpoint, observation: Observation) -> ModelInputs:
    """One image token per camera: a prompt at which the random model does not say the same token for ever."""
    facts = dataclasses.replace(checkpoint.facts, options=Zr0Options(image_size=32))
    return dataclasses.replace(checkpoint, facts=facts).transforms().inputs(observation)


@torch.no_grad()
def likeliest(model: Zr0Model, inputs: ModelInputs, num: int) -> tuple[int, ...]:
    """The same without a cache: the whole sequence again for every token."""
    ids = inputs.input_ids
    for _ in range(num):
        logits = model.vlm(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=inputs.pixel_values,
            image_grid_thw=inputs.image_grid_thw,
            mm_token_type_ids=(ids == model.vlm.config.image_token_id).int(),
            use_cache=False,
        ).logits
        ids = torch.cat([ids, logits[:, -1:].argmax(-1)], dim=1)
    return tuple(ids[0, inputs.input_ids.shape[1] :].tolist())


def test_every_token_is_the_likeliest(model: Zr0Model, inputs: ModelInputs) -> None:
    expected = likeliest(model, inputs, 6)
    assert len(set(expected)) > 2
    assert generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=6) == expected


def test_ends_with_the_first_stop_token(model: Zr0Model, inputs: ModelInputs) -> None:
    whole = generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=6)
    stop = whole[3]
    found = generate_greedily(model.vlm, inputs, stop_ids=(0, stop), max_new_tokens=6)
    assert found == whole[: whole.index(stop) + 1]


def test_settings_of_the_checkpoint_play_no_part(model: Zr0Model, inputs: ModelInputs) -> None:
    expected = generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=6)
    own = model.vlm.generation_config
    sampling = GenerationConfig(
        do_sample=True,
        temperature=5.0,
        repetition_penalty=9.0,
        suppress_tokens=[expected[0]],
        forced_eos_token_id=7,
        eos_token_id=expected[0],
        max_new_tokens=2,
    )
    model.vlm.generation_config = sampling
    try:
        assert generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=6) == expected
        assert model.vlm.generation_config is sampling
    finally:
        model.vlm.generation_config = own


def test_features_are_the_same_before_and_after(model: Zr0Model, inputs: ModelInputs) -> None:
    before = model.features(inputs)
    generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=3)
    assert torch.equal(model.features(inputs), before)


def test_several_prompts_and_endless_answers_are_refused(model: Zr0Model, inputs: ModelInputs) -> None:
    two = dataclasses.replace(inputs, input_ids=inputs.input_ids.expand(2, -1))
    with pytest.raises(ValueError, match="one prompt is continued at a time, got a batch of 2"):
        generate_greedily(model.vlm, two, stop_ids=NO_STOP, max_new_tokens=1)
    with pytest.raises(ValueError, match=r"stop_ids are \(\) and max_new_tokens 1, expected at least 1 of each"):
        generate_greedily(model.vlm, inputs, stop_ids=(), max_new_tokens=1)
    with pytest.raises(ValueError, match="max_new_tokens 0, expected at least 1"):
        generate_greedily(model.vlm, inputs, stop_ids=NO_STOP, max_new_tokens=0)
