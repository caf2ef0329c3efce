"""Demonstrations as tensors: prompt features of the frozen vision-language model, states and action chunks."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.types import FloatArray
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.transforms import Transforms

from tiny_checkpoint.demonstrations import Frame

BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """N frames."""

    features: Tensor
    """Prompt features (N, L, C), padded, float16."""
    prompt_mask: Tensor
    """(N, L) bool."""
    states: FloatArray
    """(N, S), SI units."""
    actions: FloatArray
    """(N, H, A), SI units."""
    episodes: Tensor
    """Episode number of every frame, (N,)."""

    def __len__(self) -> int:
        return len(self.states)


def encode(
    model: Zr0Model, transforms: Transforms, frames: Iterable[Frame]
) -> tuple[Tensor, Tensor, FloatArray, FloatArray]:
    """Return features, prompt masks, states and actions of one episode."""
    features, masks, states, actions = [], [], [], []
    pending: list[ModelInputs] = []

    def flush() -> None:
        if pending:
            batch = _stack(pending)
            with torch.inference_mode():
                features.append(model.features(batch).half())
            masks.append(batch.prompt_mask)
            pending.clear()

    for frame in frames:
        pending.append(transforms.inputs(frame.observation))
        states.append(frame.observation.state)
        actions.append(frame.actions)
        if len(pending) == BATCH:
            flush()
    flush()
    return torch.cat(features), torch.cat(masks), np.stack(states), np.stack(actions)


def join(parts: list[tuple[Tensor, Tensor, FloatArray, FloatArray]]) -> Dataset:
    """Join episodes; shorter prompts are padded on the right."""
    longest = max(features.shape[1] for features, *_ in parts)

    def pad(tensor: Tensor) -> Tensor:
        shape = (len(tensor), longest - tensor.shape[1], *tensor.shape[2:])
        return torch.cat([tensor, torch.zeros(shape, dtype=tensor.dtype)], dim=1)

    return Dataset(
        features=torch.cat([pad(features) for features, *_ in parts]),
        prompt_mask=torch.cat([pad(mask) for _, mask, *_ in parts]),
        states=np.concatenate([states for _, _, states, _ in parts]),
        actions=np.concatenate([actions for *_, actions in parts]),
        episodes=torch.cat([torch.full((len(states),), index) for index, (_, _, states, _) in enumerate(parts)]),
    )


def save(path: Path, dataset: Dataset) -> None:
    """Write a dataset to a file."""
    values = {name: getattr(dataset, name) for name in Dataset.__dataclass_fields__}
    torch.save({name: torch.as_tensor(value) for name, value in values.items()}, path)


def load(path: Path) -> Dataset:
    """Read a dataset from a file that `save` wrote."""
    values = torch.load(path, weights_only=True)
    return Dataset(**{**values, "states": values["states"].numpy(), "actions": values["actions"].numpy()})


def measure(embodiment: Embodiment, states: FloatArray, actions: FloatArray) -> dict[str, FeatureStatistics]:
    """Return the value ranges of states (N, S) and actions (N, H, A) by feature key."""
    return {
        embodiment.state.key: _statistics(embodiment.state.names, states),
        embodiment.action.key: _statistics(embodiment.action.names, actions.reshape(-1, actions.shape[-1])),
    }


def _statistics(names: tuple[str, ...], values: FloatArray) -> FeatureStatistics:
    low, high = np.quantile(values, [0.01, 0.99], axis=0)
    return FeatureStatistics(
        names=names,
        minimum=tuple(values.min(axis=0).tolist()),
        maximum=tuple(values.max(axis=0).tolist()),
        q01=tuple(low.tolist()),
        q99=tuple(high.tolist()),
    )


def _stack(inputs: list[ModelInputs]) -> ModelInputs:
    names = ModelInputs.__dataclass_fields__
    return ModelInputs(**{name: torch.cat([getattr(item, name) for item in inputs]) for name in names})
