"""Models and inputs for the benchmarks: random weights of unit scale, prompts of the published length."""

import dataclasses

import torch
from torch import Tensor
from zr0_policy.checkpoint.tiny import random_model
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.sizes import PUBLISHED_IDS, ModelSize, SpecialIds
from zr0_policy.model.zr0 import Zr0Model

NUM_STEPS, HORIZON, ACTION_WIDTH = 5, 16, 8
TOKENS_PER_IMAGE, TEXT_TOKENS = 49, 60


def ids_with(vocabulary: int) -> SpecialIds:
    """Return token ids at the end of a vocabulary of a given size."""
    names = [field.name for field in dataclasses.fields(PUBLISHED_IDS) if field.name != "vocabulary"]
    return SpecialIds(vocabulary=vocabulary, **{name: vocabulary - 1 - index for index, name in enumerate(names)})


def make_model(size: ModelSize, vocabulary: int, seed: int = 0) -> Zr0Model:
    """Build a model with a vocabulary of a given size, for inference."""
    return random_model(size, ids_with(vocabulary), HORIZON, seed).requires_grad_(requires_grad=False)


def make_inputs(vocabulary: int, num_cameras: int, seed: int = 0) -> ModelInputs:
    """Return a prompt of 60 words and the images of some cameras between them."""
    generator = torch.Generator().manual_seed(seed)
    ids = ids_with(vocabulary)
    words = torch.randint(0, vocabulary - 20, (TEXT_TOKENS,), generator=generator)
    pieces: list[Tensor] = []
    for camera in range(num_cameras):
        marks = torch.tensor([ids.vision_start, *[ids.image] * TOKENS_PER_IMAGE, ids.vision_end])
        pieces += [words[8 * camera : 8 * camera + 6], marks]
    pieces.append(words[8 * num_cameras :])
    input_ids = torch.cat(pieces)[None]
    return ModelInputs(
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        prompt_mask=torch.ones_like(input_ids, dtype=torch.bool),
        pixel_values=torch.rand(196 * num_cameras, 1536, generator=generator) * 2 - 1,
        image_grid_thw=torch.tensor([[1, 14, 14]] * num_cameras),
        state=torch.randn(1, 1, 64, generator=generator),
        action_mask=(torch.arange(64) < ACTION_WIDTH).float().expand(1, HORIZON, 64),
    )


def make_noise(seed: int = 0) -> Tensor:
    """Return sampling noise for one observation."""
    return torch.randn(1, HORIZON, 64, generator=torch.Generator().manual_seed(seed))
