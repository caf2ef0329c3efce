"""Guidance of the flow towards actions that are already committed: real-time chunking.

Source: Black, Galliker and Levine 2025, "Real-Time Execution of Action Chunking Flow Policies", arXiv 2506.07339.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

MAX_WEIGHT = 5.0
"""Largest guidance weight. Source: section 4.1, found to be stable for few Euler steps."""


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Where sampling is steered to, and how strongly row by row.

    Raises:
        ValueError: The weights do not match the target's rows, or the largest guidance weight is negative.
    """

    target: Tensor
    """Normalised, padded actions (1 or B, H, P); rows of weight zero do not matter."""
    weights: Tensor
    """Weight of every row in 0 to 1, (H,)."""
    max_weight: float = MAX_WEIGHT
    """Largest guidance weight."""

    def __post_init__(self) -> None:
        if self.target.ndim != 3 or self.weights.shape != self.target.shape[1:2]:
            raise ValueError(
                f"weights have shape {tuple(self.weights.shape)} and the target {tuple(self.target.shape)}, expected "
                "(H,) and (B, H, P)"
            )
        if not self.max_weight >= 0.0:
            raise ValueError(f"max_weight is {self.max_weight}, expected 0 or more")

    @classmethod
    def from_overlap(cls, actions: Tensor, num_frozen: int, horizon: int) -> "Guidance":
        """Steer the first rows of a chunk to the rest of the previous one.

        Args:
            actions: Rest of the previous chunk, normalised and padded (K, P); row k belongs to row k of the new chunk.
            num_frozen: Rows of it that will be executed whatever comes, 0 to K.
            horizon: Rows of the new chunk, at least K.
        """
        target = actions.new_zeros(1, horizon, actions.shape[1])
        target[0, : len(actions)] = actions
        return cls(target=target, weights=overlap_weights(len(actions), num_frozen, horizon).to(actions.device))

    def to(self, device: torch.device) -> "Guidance":
        """Move every tensor to a device."""
        return replace(self, target=self.target.to(device), weights=self.weights.to(device))

    def velocity(
        self, predict: Callable[[Tensor, int], Tensor], bucket: int, point: Tensor, mask: Tensor, time: float
    ) -> Tensor:
        """Return the guided velocity (B, H, P), float32.

        Callers use `torch.no_grad`, not `torch.inference_mode`: the correction is a derivative of the network.

        Args:
            predict: The network, differentiable in the point.
            bucket: The time bucket to ask it for.
            point: Where the path is (B, H, P), zero at padding.
            mask: 1 at real action dimensions, 0 at padding, (B, H, P).
            time: Flow time in [0, 1).

        Raises:
            ValueError: The network is not differentiable in the point, or inference mode is on.

        Source: equations 2 to 4 of the paper.
        """
        if torch.is_inference_mode_enabled():
            raise ValueError("guidance needs derivatives, which torch.inference_mode forbids; use torch.no_grad")
        with torch.enable_grad():
            variable = point.detach().requires_grad_()
            velocity = predict(variable, bucket).float() * mask
            if not velocity.requires_grad:
                raise ValueError(
                    "guidance needs derivatives of the network in its noisy actions, and the network's answer carries "
                    "none; give the sampler a network that runs under autograd"
                )
            estimate = variable + (1 - time) * velocity
        error = (self.target - estimate.detach()) * self.weights[:, None]
        (correction,) = torch.autograd.grad(estimate, variable, error)
        # The path has no freedom in the padding, although the network would answer to it.
        return velocity.detach() + guidance_weight(time, self.max_weight) * correction * mask


def guidance_weight(time: float, max_weight: float) -> float:
    """Return min(max_weight, (1 - t) / (t r^2)) with r^2 = (1 - t)^2 / (t^2 + (1 - t)^2), for a flow time in [0, 1).

    Source: equations 2 and 4 of the paper.
    """
    if time == 0.0:
        return max_weight
    return min(max_weight, (time**2 + (1 - time) ** 2) / (time * (1 - time)))


def overlap_weights(num_overlap: int, num_frozen: int, horizon: int) -> Tensor:
    """Return the weight of every row of a new chunk, (H,) float32: 1 while frozen, then decaying, 0 after the overlap.

    Args:
        num_overlap: Rows that the previous chunk still reaches, 0 to H.
        num_frozen: Rows that will be executed whatever comes, 0 to `num_overlap`.
        horizon: Rows of the new chunk.

    Raises:
        ValueError: The counts contradict each other.

    Source: equation 5 of the paper.
    """
    if not 0 <= num_frozen <= num_overlap <= horizon:
        raise ValueError(
            f"num_frozen is {num_frozen}, num_overlap {num_overlap}, horizon {horizon}: expected "
            "0 <= num_frozen <= num_overlap <= horizon"
        )
    weights = torch.zeros(horizon)
    weights[:num_frozen] = 1.0
    for row in range(num_frozen, num_overlap):
        left = (num_overlap - row) / (num_overlap - num_frozen + 1)
        weights[row] = left * math.expm1(left) / math.expm1(1.0)
    return weights
