"""What the action expert computes from the flow time alone, for the few times that a sampler visits."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.sinusoids import action_sinusoid


@dataclass(frozen=True, kw_only=True)
class Modulation:
    """Weight and bias of an adaptive normalisation under a given conditioning."""

    scale: Tensor
    """1 + scale, (D,)."""
    shift: Tensor
    """(D,)."""


@dataclass(frozen=True, kw_only=True)
class StepTables:
    """Constants of one Euler step. D is the expert's width."""

    action_bias: Tensor
    """Input of the action encoder's nonlinearity at zero actions, (D,)."""
    blocks: tuple[Modulation, ...]
    """Of every block's first normalisation."""
    output: Modulation
    """Of the output normalisation."""


def step_tables(expert: ActionExpert, buckets: Sequence[int]) -> dict[int, StepTables]:
    """Compute the tables of each time bucket.

    Source: adaptive layer normalisation, Peebles and Xie 2023, section 3.2: scale and shift depend on the conditioning
    only; time enters the action encoder linearly before its nonlinearity, `ActionEncoder`.
    """
    return {bucket: _tables(expert, bucket) for bucket in dict.fromkeys(buckets)}


def _tables(expert: ActionExpert, bucket: int) -> StepTables:
    transformer, encoder = expert.dit, expert.action_encoder
    device, dtype = encoder.W2.W.device, expert.dtype
    buckets = torch.tensor([bucket], device=device)
    conditioning = functional.silu(transformer.timestep_encoder(buckets))
    blocks = []
    for block in transformer.blocks:
        scale, shift = block.norm1.linear(conditioning)[0].chunk(2)
        blocks.append(Modulation(scale=1 + scale, shift=shift))
    output_shift, output_scale = transformer.proj_out_1(conditioning)[0].chunk(2)
    width = encoder.W1.b.shape[-1]
    time = action_sinusoid(buckets, width)[0].to(dtype)
    from_actions, from_time = encoder.W2.W[0, :width], encoder.W2.W[0, width:]
    return StepTables(
        action_bias=encoder.W1.b[0] @ from_actions + time @ from_time + encoder.W2.b[0],
        blocks=tuple(blocks),
        output=Modulation(scale=1 + output_scale, shift=output_shift),
    )
