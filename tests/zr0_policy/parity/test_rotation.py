"""The published server casts the whole model, rotations included; that can be had."""

import copy

import torch
from torch import Tensor
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import round_rotations
from zr0_policy.model.zr0 import Zr0Model

GATE = 1e-4


def test_rounded_rotations_give_the_features_of_the_published_server(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    rounded = copy.deepcopy(recorded_model)
    round_rotations(rounded.vlm)
    expected = recorded["direct.features_rope_bfloat16"]
    got = rounded.features(direct_inputs)
    assert (got - expected).abs().max() < GATE
    engine = ChunkEngine(rounded, num_steps=5)
    fast = engine.features(engine.plan(direct_inputs), direct_inputs.pixel_values)
    assert (fast - expected).abs().max() < GATE
    assert (recorded_model.features(direct_inputs) - expected).abs().max() > 20 * GATE


def test_rounding_frequencies_alone_is_not_enough(
    recorded_model: Zr0Model, direct_inputs: ModelInputs, recorded: dict[str, Tensor]
) -> None:
    assert (
        recorded["direct.features_rope_rounded"] - recorded["direct.features_rope_bfloat16"]
    ).abs().max() > 20 * GATE
    half = copy.deepcopy(recorded_model)
    for rotary in (half.vlm.model.language_model.rotary_emb, half.vlm.model.visual.rotary_pos_emb):
        rotary.inv_freq = rotary.inv_freq.to(torch.bfloat16).float()
    assert (half.features(direct_inputs) - recorded["direct.features_rope_rounded"]).abs().max() < GATE
