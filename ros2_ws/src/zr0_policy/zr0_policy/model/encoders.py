"""State and action encoders and the action decoder, with the published parameter names.

Weights are stored input x output with a leading category axis of one.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from zr0_policy.model.sinusoids import action_sinusoid


class CategoryLinear(nn.Module):
    """A linear layer whose weight `W` is (1, in, out) and whose bias `b` is (1, out)."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(1, num_in, num_out) / math.sqrt(num_in))
        self.b = nn.Parameter(torch.zeros(1, num_out))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        return inputs @ self.W[0] + self.b[0]


class TwoLayer(nn.Module):
    """Linear, rectifier, linear."""

    def __init__(self, num_in: int, num_hidden: int, num_out: int) -> None:
        super().__init__()
        self.layer1 = CategoryLinear(num_in, num_hidden)
        self.layer2 = CategoryLinear(num_hidden, num_out)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        hidden: Tensor = functional.relu(self.layer1(inputs))
        return self.layer2(hidden)  # type: ignore[no-any-return]


class ActionEncoder(nn.Module):
    """Embed noisy actions together with their flow time."""

    def __init__(self, action_dim: int, width: int) -> None:
        super().__init__()
        self.W1 = CategoryLinear(action_dim, width)
        self.W2 = CategoryLinear(2 * width, width)
        self.W3 = CategoryLinear(width, width)

    def forward(self, actions: Tensor, buckets: Tensor) -> Tensor:
        """Return tokens (B, H, D) of actions (B, H, A) at time buckets (B,)."""
        embedded: Tensor = self.W1(actions)  # (B, H, D)
        time = action_sinusoid(buckets, embedded.shape[-1]).to(embedded.dtype)[:, None].expand_as(embedded)
        hidden: Tensor = functional.silu(self.W2(torch.cat([embedded, time], dim=-1)))
        return self.W3(hidden)  # type: ignore[no-any-return]
