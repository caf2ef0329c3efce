"""Flow matching: one straight path from noise to actions, defined once for the loss and for the sampler.

Source: Lipman et al. 2023, "Flow Matching for Generative Modeling", optimal-transport path with zero end noise; flow
times as in the ZR-0 paper, action expert.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.guidance import Guidance

Velocity = Callable[[Tensor, Tensor], Tensor]
"""Predicts the velocity (B, H, A) at points of the path (B, H, A), each at its own time bucket (B,) int64."""
StepVelocity = Callable[[Tensor, int], Tensor]
"""Predicts the velocity (B, H, A) at points of the path (B, H, A), all at the same time bucket."""


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
        """Return the mean squared velocity error over the real action dimensions; 0 where there are none.

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
        return error.square().sum() / mask.sum().clamp_min(1)

    def step_buckets(self, num_steps: int) -> tuple[int, ...]:
        """Return the time bucket of every Euler step: those of i / N, rounded down.

        Raises:
            ValueError: The number of steps is not positive.
        """
        if num_steps < 1:
            raise ValueError(f"num_steps is {num_steps}, expected at least 1")
        return tuple(int(index / num_steps * self.num_buckets) for index in range(num_steps))

    def sample(
        self, predict: StepVelocity, noise: Tensor, mask: Tensor, num_steps: int, guidance: Guidance | None = None
    ) -> Tensor:
        """Integrate from noise to actions (B, H, A) with Euler steps of equal length, in float32.

        The loop asks nothing of the device: a step's bucket is a plain integer.

        Args:
            predict: The network.
            noise: Standard normal (B, H, A).
            mask: 1 at real action dimensions, 0 at padding, (B, H, A).
            num_steps: Number of Euler steps.
            guidance: Steers to committed actions. Needs a differentiable network, and `torch.no_grad` or nothing
                around the call.

        Raises:
            ValueError: The number of steps is not positive, or the network cannot be guided.
        """
        point, step = noise.float() * mask, mask / num_steps
        for index, bucket in enumerate(self.step_buckets(num_steps)):
            if guidance is None:
                velocity = predict(point, bucket).float()
            else:
                velocity = guidance.velocity(predict, bucket, point, mask, index / num_steps)
            point = torch.addcmul(point, velocity, step)
        return point
