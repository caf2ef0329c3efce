"""Fit the action expert to demonstrations by flow matching."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.flow_matching import Velocity
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.transforms import Transforms

from tiny_checkpoint.dataset import Dataset

BATCH = 48
PEAK_LEARNING_RATE = 1.5e-3
SAMPLING_STEPS = 5
AVERAGING = 0.995
STATE_NOISE = 0.03
"""Standard deviation of the noise on normalised states: the policy must not trust them to the last digit."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What fitting gave."""

    first_loss: float
    """Mean loss over the first 20 steps."""
    final_loss: float
    """Mean loss over the last 100 steps."""
    held_out_loss: float
    """Loss of the averaged weights on episodes that were not fitted."""
    action_error_rms: float
    """Of sampled chunks on those episodes, rad."""
    first_row_error_rms: float
    """Of their first rows, rad."""
    largest_first_step: float
    """Largest distance from a measured state to the first row sampled for it, over those episodes, rad."""


class _Problem:
    """The data as the model sees it, and one draw of its loss."""

    def __init__(self, model: Zr0Model, transforms: Transforms, dataset: Dataset, generator: torch.Generator) -> None:
        self._flow = model.flow
        self._mask = transforms.action_mask(1)
        self._dataset = dataset
        self._generator = generator
        self._states = torch.from_numpy(transforms.state_normaliser.normalise(dataset.states)).float()[:, None]
        self._state_mask = torch.from_numpy(transforms.state_normaliser.mask).float()
        self._actions = transforms.targets(dataset.actions)

    def loss(self, expert: ActionExpert, chosen: Tensor, state_noise: float) -> Tensor:
        """Return the flow-matching loss on the chosen frames."""
        jitter = state_noise * torch.randn(self._states[chosen].shape, generator=self._generator) * self._state_mask
        noise = self._noise(chosen)
        times = self._flow.draw_times(len(chosen), self._generator)
        predict = self._predictor(expert, chosen, self._states[chosen] + jitter)
        return self._flow.loss(predict, self._actions[chosen], self._mask.expand_as(noise), noise, times)

    def sample(self, expert: ActionExpert, chosen: Tensor) -> Tensor:
        """Return sampled, normalised actions for the chosen frames."""
        noise = self._noise(chosen)
        predict = self._predictor(expert, chosen, self._states[chosen])

        def predict_step(noisy: Tensor, bucket: int) -> Tensor:
            return predict(noisy, torch.full((len(noisy),), bucket))

        return self._flow.sample(predict_step, noise, self._mask.expand_as(noise), SAMPLING_STEPS)

    def _noise(self, chosen: Tensor) -> Tensor:
        return torch.randn(self._actions[chosen].shape, generator=self._generator)

    def _predictor(self, expert: ActionExpert, chosen: Tensor, states: Tensor) -> Velocity:
        features, mask = self._dataset.features[chosen].float(), self._dataset.prompt_mask[chosen]

        def predict(noisy: Tensor, buckets: Tensor) -> Tensor:
            predicted: Tensor = expert(states, noisy, buckets, features, mask)
            return predicted

        return predict


def fit_expert(
    model: Zr0Model,
    transforms: Transforms,
    dataset: Dataset,
    *,
    num_steps: int,
    num_held_out: int,
    seed: int,
    report: Callable[[str], None],
) -> Fit:
    """Fit the action expert in place; the vision-language model stays as it is.

    Args:
        model: The model; its expert ends with the averaged weights.
        transforms: The transform chain of the data.
        dataset: The demonstrations.
        num_steps: Optimiser steps.
        num_held_out: The last so many episodes are kept for measuring.
        seed: Seed of batches, noise and times.
        report: Takes lines for a person.
    """
    generator = torch.Generator().manual_seed(seed)
    problem = _Problem(model, transforms, dataset, generator)
    first_held_out = int(dataset.episodes.max()) + 1 - num_held_out
    fitted = torch.nonzero(dataset.episodes < first_held_out)[:, 0]
    held_out = torch.nonzero(dataset.episodes >= first_held_out)[:, 0]
    expert = model.expert.requires_grad_().train()
    averaged = copy.deepcopy(expert)
    optimiser = torch.optim.AdamW(expert.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_LEARNING_RATE, total_steps=num_steps, pct_start=min(0.1, 50 / num_steps), cycle_momentum=False
    )
    losses: list[float] = []
    began = time.monotonic()
    for step in range(num_steps):
        chosen = fitted[torch.randint(len(fitted), (BATCH,), generator=generator)]
        loss = problem.loss(expert, chosen, STATE_NOISE)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(expert.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        _average(averaged, expert, min(AVERAGING, (1 + step) / (10 + step)))
        losses.append(loss.item())
        if step % 100 == 99:
            report(f"step {step + 1}/{num_steps}: loss {fmean(losses[-100:]):.4f}, {time.monotonic() - began:.0f} s")
    expert.load_state_dict(averaged.state_dict())
    expert.requires_grad_(requires_grad=False).eval()
    with torch.inference_mode():
        batches = torch.split(held_out, BATCH)
        held_out_loss = fmean(float(problem.loss(expert, chosen, 0.0)) for chosen in batches)
        sampled = transforms.actions(torch.cat([problem.sample(expert, chosen) for chosen in batches]))
    error = sampled - dataset.actions[held_out.numpy()]
    first_step = sampled[:, 0] - dataset.states[held_out.numpy()]
    return Fit(
        first_loss=fmean(losses[:20]),
        final_loss=fmean(losses[-100:]),
        held_out_loss=held_out_loss,
        action_error_rms=float((error**2).mean() ** 0.5),
        first_row_error_rms=float((error[:, 0] ** 2).mean() ** 0.5),
        largest_first_step=float(abs(first_step[:, :-1]).max()),
    )


def _average(averaged: ActionExpert, expert: ActionExpert, decay: float) -> None:
    with torch.no_grad():
        for mean, current in zip(averaged.parameters(), expert.parameters(), strict=True):
            mean.lerp_(current, 1 - decay)
