"""The comparison itself: one wrong detail at a time must move the numbers far beyond what the gate lets pass.

Every fault is put into a copy of our model or into its inputs; the recordings and the gate stay as they are.
"""

import copy
import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from zr0_policy.model import config, diffusion_transformer
from zr0_policy.model.diffusion_transformer import Block, TanhGelu
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import FeatureNorm
from zr0_policy.model.zr0 import Zr0Model

CLEARLY = 20 * 1e-4
"""Twenty times the gate."""

Fault = Callable[[Zr0Model], None]


class ExactGelu(nn.Module):
    """The error-function form where the tanh form was trained."""

    def __init__(self, proj: nn.Module) -> None:
        super().__init__()
        self.proj = proj

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.gelu(self.proj(inputs))


def swap_halves(tensor: Tensor, dim: int) -> None:
    tensor.copy_(torch.cat(tensor.chunk(2, dim=dim)[::-1], dim=dim))


def blocks(model: Zr0Model) -> list[Block]:
    return [block for block in model.expert.dit.transformer_blocks if isinstance(block, Block)]


def take_normalised_features(model: Zr0Model) -> None:
    model.feature_norm = FeatureNorm.POST


def drop_deepstack(model: Zr0Model) -> None:
    for merger in model.vlm.model.visual.deepstack_merger_list:
        merger.linear_fc2.weight.zero_()
        merger.linear_fc2.bias.zero_()


def ignore_rows_and_columns(model: Zr0Model) -> None:
    model.vlm.model.language_model.rotary_emb.mrope_section = [8, 0, 0]


def round_rope_frequencies(model: Zr0Model) -> None:
    for name, buffer in model.vlm.named_buffers():
        if name.endswith("inv_freq"):
            buffer.copy_(buffer.to(torch.bfloat16))


def swap_block_scale_and_shift(model: Zr0Model) -> None:
    for block in blocks(model):
        swap_halves(block.norm1.linear.weight, 0)
        swap_halves(block.norm1.linear.bias, 0)


def swap_output_scale_and_shift(model: Zr0Model) -> None:
    swap_halves(model.expert.dit.proj_out_1.weight, 0)
    swap_halves(model.expert.dit.proj_out_1.bias, 0)


def use_exact_gelu(model: Zr0Model) -> None:
    for block in blocks(model):
        activation = block.ff.net[0]
        assert isinstance(activation, TanhGelu)
        block.ff.net[0] = ExactGelu(activation.proj)


def put_sines_first(model: Zr0Model) -> None:
    swap_halves(model.expert.dit.timestep_encoder.timestep_embedder.linear_1.weight, 1)


def put_cosines_first_in_the_action_encoder(model: Zr0Model) -> None:
    weight = model.expert.action_encoder.W2.W
    swap_halves(weight[:, weight.shape[1] // 2 :], 1)


def drop_positions(model: Zr0Model) -> None:
    model.expert.position_embedding.weight.zero_()


def count_positions_from_one(model: Zr0Model) -> None:
    weight = model.expert.position_embedding.weight
    weight.copy_(weight.roll(-1, dims=0))


def use_output_epsilon_in_adaptive_norms(model: Zr0Model) -> None:
    for block in blocks(model):
        block.norm1.eps = diffusion_transformer.OUTPUT_NORM_EPS


def use_output_epsilon_before_feed_forward(model: Zr0Model) -> None:
    for block in blocks(model):
        block.eps = diffusion_transformer.OUTPUT_NORM_EPS


def with_fault(model: Zr0Model, fault: Fault) -> Zr0Model:
    changed = copy.deepcopy(model)
    with torch.no_grad():
        fault(changed)
    return changed


def worst(got: Tensor, expected: Tensor) -> float:
    return float((got - expected).abs().max())


@pytest.mark.parametrize(
    "fault", [take_normalised_features, drop_deepstack, ignore_rows_and_columns, round_rope_frequencies]
)
def test_a_fault_in_the_features_is_seen(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor], fault: Fault
) -> None:
    got = with_fault(recorded_model, fault).features(direct_inputs)
    assert worst(got, recorded["direct.features"]) > CLEARLY


def test_cameras_in_another_order_are_seen(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    front, wrist, again = training_inputs.pixel_values.chunk(3)
    inputs = dataclasses.replace(training_inputs, pixel_values=torch.cat([wrist, front, again]))
    assert worst(recorded_model.features(inputs)[0], recorded["training.features"][0]) > CLEARLY


def velocities(model: Zr0Model, recorded: dict[str, Tensor], points: str) -> Tensor:
    return torch.stack(
        [
            model.expert(recorded["direct.state"], point, bucket, recorded["direct.features"], recorded["direct.mask"])
            for point, bucket in zip(recorded[points], recorded["direct.buckets"], strict=True)
        ]
    )


@pytest.mark.parametrize(
    "fault",
    [
        swap_block_scale_and_shift,
        swap_output_scale_and_shift,
        put_sines_first,
        put_cosines_first_in_the_action_encoder,
        drop_positions,
        count_positions_from_one,
    ],
)
def test_a_fault_in_the_expert_is_seen(recorded_model: Zr0Model, recorded: dict[str, Tensor], fault: Fault) -> None:
    got = velocities(with_fault(recorded_model, fault), recorded, "direct.points")
    assert worst(got, recorded["direct.velocities"]) > CLEARLY


@pytest.mark.parametrize(
    ("fault", "scaled_model", "recording"),
    [
        (use_output_epsilon_in_adaptive_norms, "model_with_small_tokens", "small_tokens"),
        (use_output_epsilon_before_feed_forward, "model_with_small_tokens", "small_tokens"),
        (use_exact_gelu, "model_with_loud_feed_forward", "loud_feed_forward"),
    ],
)
def test_a_small_fault_in_the_expert_is_seen_where_it_counts(
    request: pytest.FixtureRequest, recorded: dict[str, Tensor], fault: Fault, scaled_model: str, recording: str
) -> None:
    model = with_fault(request.getfixturevalue(scaled_model), fault)
    got = velocities(model, recorded, f"{recording}.points")
    assert worst(got, recorded[f"{recording}.velocities"]) > CLEARLY


def test_a_wrong_epsilon_of_the_output_is_seen(
    model_with_small_tokens: Zr0Model, recorded: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffusion_transformer, "OUTPUT_NORM_EPS", 1e-5)
    got = velocities(model_with_small_tokens, recorded, "small_tokens.points")
    assert worst(got, recorded["small_tokens.velocities"]) > CLEARLY


@pytest.mark.parametrize("period", [2, 3])
def test_another_pattern_of_self_attention_is_seen(
    recorded_model: Zr0Model, recorded: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch, period: int
) -> None:
    monkeypatch.setattr(config, "SELF_ATTENTION_PERIOD", period)
    got = velocities(recorded_model, recorded, "direct.points")
    assert worst(got, recorded["direct.velocities"]) > CLEARLY


def one_token_short(mask: Tensor) -> Tensor:
    return mask & mask.roll(-1, dims=1)


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        (lambda recorded: torch.ones_like(recorded["training.mask"]), 0),
        (lambda recorded: recorded["training.mask_only_prompt"], 1),
        (lambda recorded: recorded["training.mask_prompt_plus_subtask"], 0),
        (lambda recorded: one_token_short(recorded["training.mask"]), 0),
        (lambda recorded: one_token_short(recorded["training.mask"]), 1),
    ],
    ids=["answer visible", "sub-task hidden", "sub-task rule for all", "marker cut", "sub-task cut"],
)
def test_a_wrong_mask_is_seen(
    recorded_model: Zr0Model,
    recorded: dict[str, Tensor],
    fault: Callable[[dict[str, Tensor]], Tensor],
    row: int,
) -> None:
    got = recorded_model.expert(
        recorded["training.state"],
        recorded["training.points"],
        recorded["training.buckets"],
        recorded["training.features"],
        fault(recorded),
    )
    assert worst(got[row], recorded["training.velocities"][row]) > CLEARLY


def test_another_number_of_buckets_is_seen(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    model = copy.deepcopy(recorded_model)
    model.flow = dataclasses.replace(model.flow, num_buckets=999)
    actions = model.sample(direct_inputs, recorded["direct.noise"][0], 5)
    assert worst(actions, recorded["direct.actions"]) > CLEARLY
    times = recorded["training.times"]
    loss = model.loss(training_inputs, recorded["training.action"], recorded["training.noise"], times)
    assert worst(loss, recorded["training.action_loss"]) > CLEARLY


def test_unmasked_noise_is_seen(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    inputs = dataclasses.replace(direct_inputs, action_mask=torch.ones_like(direct_inputs.action_mask))
    actions = recorded_model.sample(inputs, recorded["direct.noise"][0], 5) * direct_inputs.action_mask
    assert worst(actions, recorded["direct.actions"]) > CLEARLY


def test_a_loss_over_padding_is_seen(
    recorded_model: Zr0Model, training_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    inputs = dataclasses.replace(training_inputs, action_mask=torch.ones_like(training_inputs.action_mask))
    arguments = (recorded["training.action"], recorded["training.noise"], recorded["training.times"])
    assert worst(recorded_model.loss(inputs, *arguments), recorded["training.action_loss"]) > CLEARLY
