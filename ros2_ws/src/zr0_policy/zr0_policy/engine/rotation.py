"""Rotary position embedding in three operations."""

import torch
from torch import Tensor


def signed(sines: Tensor) -> Tensor:
    """Negate the first half of sines (..., d): rotating halves is swapping them under these signs."""
    first, second = sines.chunk(2, dim=-1)
    return torch.cat([-first, second], dim=-1)


def swap_halves(values: Tensor) -> Tensor:
    """Swap the two halves of the last axis, (..., d)."""
    return values.view(*values.shape[:-1], 2, -1).flip(-2).view(values.shape)


def rotate(values: Tensor, cosines: Tensor, signed_sines: Tensor) -> Tensor:
    """Rotate pairs (j, j + d/2) of (..., d) by angles given as cosines and `signed` sines.

    Source: Su et al. 2021, "RoFormer", equation 34, with the pairs in halves.
    """
    return torch.addcmul(values * cosines, swap_halves(values), signed_sines)
