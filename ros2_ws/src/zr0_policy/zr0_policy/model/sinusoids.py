"""Sinusoidal embeddings of the bucketed flow time: one for the transformer, another for the action encoder."""

import math

import torch
from torch import Tensor

TIMESTEP_CHANNELS = 256


def timestep_sinusoid(buckets: Tensor) -> Tensor:
    """Embed time buckets (B,) for the transformer, (B, 256) float32, cosines first.

    Frequencies fall from 1 to 1/10000 over 128 steps, both ends included.

    Source: DDPM timestep embedding with sine and cosine flipped and a frequency shift of 1.
    """
    half = TIMESTEP_CHANNELS // 2
    steps = torch.arange(half, dtype=torch.float32, device=buckets.device)
    angles = buckets.float()[:, None] * torch.exp(-math.log(10000.0) * steps / (half - 1))
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def action_sinusoid(buckets: Tensor, width: int) -> Tensor:
    """Embed time buckets (B,) for the action encoder, (B, width) float32, sines first.

    Frequency k of width/2 is 10000^(-2k/width); the last one is above 1/10000.

    Source: Vaswani et al. 2017, section 3.5, with sines and cosines in halves.
    """
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=buckets.device)
    angles = buckets.float()[:, None] * torch.exp(-math.log(10000.0) * steps / half)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
