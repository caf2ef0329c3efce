"""Flow matching: one straight path from noise to actions, defined once for the loss and for the sampler.

Source: Lipman et al. 2023, "Flow Matching for Generative Modeling", optimal-transport path with zero end noise; flow
times as in the ZR-0 paper, action expert.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from zr0_policy.model.config import ActionExpertConfig

Velocity = Callable[[Tensor, Tensor], Tensor]
"""Predicts the velocity (B, H, A) at a point of the path (B, H, A) and time buckets (B,)."""


@dataclass(frozen=True, kw_only=True)
class FlowMatching:
    """The path x(t) = (1 - t) noise + t actions, its velocity, its training loss and its Euler sampler."""

    beta_alpha: float
    """First parameter of the Beta distribution of flow times."""
    beta_beta: float
    """Second parameter of it."""
    largest_time: float
    """Training draws t = (s - Beta) / s with this s."""
    num_buckets: int
    """Resolution of the time that the network sees."""

    @classmethod
    def from_config(cls, config: ActionExpertConfig) -> "FlowMatching":
        """Take the flow's parameters from the action expert's configuration."""
        return cls(
            beta_alpha=config.noise_beta_alpha,
            beta_beta=config.noise_beta_beta,
            largest_time=config.noise_s,
            num_buckets=config.num_timestep_buckets,
        )

    def point(self, noise: Tensor, actions: Tensor, times: Tensor) -> Tensor:
        """Return the point of the path at times (B,) between noise and actions, all (B, H, A)."""
        fraction = times[:, None, None]
        return (1 - fraction) * noise + fraction * actions

    def velocity(self, noise: Tensor, actions: Tensor) -> Tensor:
        """Return the path's velocity (B, H, A); it does not depend on time."""
        return actions - noise

    def bucket(self, times: Tensor) -> Tensor:
        """Return the time buckets (B,) int64 of times (B,) in [0, 1), rounded down."""
        return (times * self.num_buckets).long()

    def draw_times(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw training times (num,) float32 between (s - 1) / s, just below 0, and 1; small times are drawn most."""
        shapes = torch.tensor([self.beta_alpha, self.beta_beta]).expand(num, 2)
        gammas = torch._standard_gamma(shapes, generator=generator)
        beta = gammas[:, 0] / gammas.sum(dim=1)
        return (self.largest_time - beta) / self.largest_time

    def loss(self, predict: Velocity, actions: Tensor, mask: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """Return the mean squared velocity error over the real action dimensions.

        Args:
            predict: The network.
            actions: Normalised, padded actions (B, H, A).
            mask: 1 at real action dimensions, 0 at padding, (B, H, A).
            noise: Standard normal (B, H, A).
            times: Flow times (B,).
        """
        noise, actions = noise * mask, actions * mask
        predicted = predict(self.point(noise, actions, times), self.bucket(times))
        error = (predicted - self.velocity(noise, actions)) * mask
        return error.square().sum() / mask.sum()

    def sample(self, predict: Velocity, noise: Tensor, mask: Tensor, num_steps: int) -> Tensor:
        """Integrate from noise to actions (B, H, A) with Euler steps of equal length, in float32.

        Args:
            predict: The network.
            noise: Standard normal (B, H, A).
            mask: 1 at real action dimensions, 0 at padding, (B, H, A).
            num_steps: Number of Euler steps.
        """
        times = self.bucket(torch.arange(num_steps, dtype=torch.float64) / num_steps).to(noise.device)
        point = noise.float() * mask
        for index in range(num_steps):
            velocity = predict(point, times[index].expand(len(point)))
            point = point + velocity.float() * mask / num_steps
        return point
