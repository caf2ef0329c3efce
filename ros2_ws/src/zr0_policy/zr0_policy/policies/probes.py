"""Observations to judge the accuracy of a lower precision by, before any camera has spoken."""

import dataclasses

import numpy as np
import torch
from zr0_core.types import CameraImage

from zr0_policy.engine.sampler import Probe
from zr0_policy.preprocessing.transforms import Transforms
from zr0_policy.runtime.warm_up import blank_observation

NUM_PROBES = 4


def make_probes(transforms: Transforms) -> list[Probe]:
    """Return questions with pictures of coloured noise and states across the normalised range, the same every time."""
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    blank = blank_observation(transforms.embodiment)
    probes = []
    for _ in range(NUM_PROBES):
        images = tuple(
            CameraImage(key=image.key, stamp_ns=0, rgb=rng.integers(0, 256, image.rgb.shape, dtype=np.uint8))
            for image in blank.images
        )
        num_components = len(blank.state)
        inputs = transforms.inputs(dataclasses.replace(blank, images=images))
        state = torch.zeros_like(inputs.state)
        state[..., :num_components] = torch.from_numpy(rng.uniform(-1.0, 1.0, num_components)).float()
        noise = torch.randn(inputs.action_mask.shape, generator=generator)
        probes.append(Probe(inputs=dataclasses.replace(inputs, state=state), noise=noise))
    return probes
