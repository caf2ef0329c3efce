"""The whole model: prompt features, masks, and what can and cannot change an action."""

import dataclasses

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import FeatureNorm, prompt_features
from zr0_policy.model.sizes import PUBLISHED, PUBLISHED_IDS, expert_config, vlm_config
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.prompt import prompt_mask


@pytest.fixture(scope="module")
def inputs(checkpoint: Checkpoint, observation: Observation) -> ModelInputs:
    return checkpoint.transforms().inputs(observation)


def noise_like(inputs: ModelInputs) -> torch.Tensor:
    return torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(5))


def appended(inputs: ModelInputs, ids: list[int], *, is_padding: bool) -> ModelInputs:
    """The same prompt with tokens behind it."""
    more = torch.tensor([ids])
    return dataclasses.replace(
        inputs,
        input_ids=torch.cat([inputs.input_ids, more], dim=1),
        attention_mask=torch.cat([inputs.attention_mask, torch.full_like(more, 0 if is_padding else 1)], dim=1),
        prompt_mask=torch.cat([inputs.prompt_mask, torch.zeros_like(more, dtype=torch.bool)], dim=1),
    )


def test_published_vision_language_model_has_its_size() -> None:
    with torch.device("meta"):
        vlm = Qwen3VLForConditionalGeneration(vlm_config(PUBLISHED, PUBLISHED_IDS))
    vlm.tie_weights()
    assert sum(parameter.numel() for parameter in vlm.parameters()) == 2_131_730_432
    assert expert_config(PUBLISHED, 32) == ActionExpertConfig()


def test_features_are_taken_before_the_final_norm(model: Zr0Model, inputs: ModelInputs) -> None:
    before = prompt_features(model.vlm, inputs, FeatureNorm.PRE)
    after = prompt_features(model.vlm, inputs, FeatureNorm.POST)
    assert before.shape == (1, inputs.input_ids.shape[1], 96)
    weight = model.vlm.model.language_model.norm.weight
    expected = before * torch.rsqrt(before.square().mean(-1, keepdim=True) + 1e-6) * weight
    torch.testing.assert_close(after, expected, atol=1e-5, rtol=1e-4)
    assert (before - after).abs().max() > 0.5
    assert torch.equal(model.features(inputs), before)
    assert torch.equal(Zr0Model(model.vlm, model.expert, FeatureNorm.POST).features(inputs), after)


def test_no_token_after_the_prompt_can_change_an_action(
    model: Zr0Model, checkpoint: Checkpoint, inputs: ModelInputs
) -> None:
    expected = model.sample(inputs, noise_like(inputs), 5)
    generator = torch.Generator().manual_seed(9)
    for _ in range(3):
        answer = torch.randint(0, len(checkpoint.tokens.tokenizer), (12,), generator=generator)
        answer[answer == checkpoint.tokens.image_id] = 0
        longer = appended(inputs, answer.tolist(), is_padding=False)
        marked = prompt_mask(checkpoint.tokens, longer.input_ids[0].numpy())
        assert torch.equal(torch.from_numpy(marked)[None], longer.prompt_mask)
        torch.testing.assert_close(model.sample(longer, noise_like(inputs), 5), expected, atol=1e-5, rtol=1e-5)
        opened = dataclasses.replace(longer, prompt_mask=torch.ones_like(longer.prompt_mask))
        assert (model.sample(opened, noise_like(inputs), 5) - expected).abs().max() > 5e-4


def test_padding_cannot_change_an_action(model: Zr0Model, checkpoint: Checkpoint, inputs: ModelInputs) -> None:
    expected = model.sample(inputs, noise_like(inputs), 5)
    padded = appended(inputs, [checkpoint.tokens.pad_id] * 30, is_padding=True)
    torch.testing.assert_close(model.sample(padded, noise_like(inputs), 5), expected, atol=1e-5, rtol=1e-5)


def test_the_prompt_changes_actions(model: Zr0Model, checkpoint: Checkpoint, observation: Observation) -> None:
    transforms = checkpoint.transforms()
    first = transforms.inputs(observation)
    second = transforms.inputs(dataclasses.replace(observation, instruction="Put the blue cube into the red bin."))
    difference = model.sample(first, noise_like(first), 5) - model.sample(second, noise_like(first), 5)
    assert difference.abs().max() > 5e-4


def test_padded_action_dimensions_stay_zero_and_cannot_matter(model: Zr0Model, inputs: ModelInputs) -> None:
    noise = noise_like(inputs)
    actions = model.sample(inputs, noise, 5)
    assert actions[..., 8:].abs().max() == 0.0
    other = torch.where(inputs.action_mask.bool(), noise, noise + 3.0)
    assert torch.equal(model.sample(inputs, other, 5), actions)


def test_the_loss_reaches_the_vision_tower_and_the_expert(model: Zr0Model, inputs: ModelInputs) -> None:
    parameters = [model.vlm.model.visual.patch_embed.proj.weight, model.expert.dit.proj_out_2.weight]
    for parameter in parameters:
        parameter.requires_grad_()
    try:
        noise = noise_like(inputs)
        loss = model.loss(inputs, torch.zeros_like(noise), noise, torch.tensor([0.3]))
        gradients = torch.autograd.grad(loss, parameters)
    finally:
        for parameter in parameters:
            parameter.requires_grad_(requires_grad=False)
    assert loss.item() > 0.0
    assert all(gradient.abs().max() > 0.0 for gradient in gradients)


def test_an_expert_for_another_width_is_refused(model: Zr0Model) -> None:
    with torch.device("meta"):
        expert = ActionExpert(ActionExpertConfig())
    with pytest.raises(ValueError, match="expects prompt features of width 2048, the vision-language model gives 96"):
        Zr0Model(model.vlm, expert)
