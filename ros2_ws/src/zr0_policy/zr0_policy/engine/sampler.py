"""Ways to run a model, behind one interface."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import torch
from torch import Tensor

from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs, PromptPlan
from zr0_policy.engine.float8 import cosine
from zr0_policy.engine.static_chunks import StaticChunks
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model

_logger = logging.getLogger(__name__)

SMALLEST_COSINE = 0.999
"""Of the actions of a lower precision to those of the full one."""
LENGTH_MULTIPLE = 16
"""Recorded work is for prompts of a multiple of this many tokens, so that few recordings serve all prompts."""


class Engine(StrEnum):
    """How a model is run. All give the same numbers up to rounding."""

    AUTO = "auto"
    """`graph` on a CUDA device, `fast` elsewhere."""
    READABLE = "readable"
    """Operation by operation as published."""
    FAST = "fast"
    """What does not change is computed once."""
    GRAPH = "graph"
    """As fast, and the device gets a chunk as one recorded piece of work. CUDA only."""
    COMPILED = "compiled"
    """As graph on CUDA and fast elsewhere, with operations fused by torch.compile; it takes minutes to start."""


class Precision(StrEnum):
    """What weights are multiplied in."""

    FULL = "full"
    """The model's own type."""
    FLOAT8_EXPERT = "float8_expert"
    """Eight bits in the action expert."""
    FLOAT8 = "float8"
    """Eight bits in the action expert and the language model."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A question whose answer must survive rounding."""

    inputs: ModelInputs
    """Prompt, images and state."""
    noise: Tensor
    """Sampling noise (1, H, A)."""


class Sampler(Protocol):
    """Samples chunks from model inputs."""

    def sample(self, inputs: ModelInputs, noise: Tensor, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B K, H, A), float32, on the model's device.

        Args:
            inputs: Prompts, images and states of B observations, on the host.
            noise: Standard normal (B K, H, A) for K samples of each observation, on the host.
            guidance: Steers to committed actions.
        """


class ReadableSampler:
    """Runs the model as it is written.

    Args:
        model: The model, on its device.
        num_steps: Euler steps.
    """

    def __init__(self, model: Zr0Model, num_steps: int) -> None:
        self._model = model
        self._num_steps = num_steps

    def sample(self, inputs: ModelInputs, noise: Tensor, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B K, H, A), float32."""
        device = self._model.vlm.device
        repeated = inputs.repeated(len(noise) // len(inputs.state)).to(device)
        steering = None if guidance is None else guidance.to(device)
        return self._model.sample(repeated, noise.to(device), self._num_steps, steering)


class EngineSampler:
    """Runs the model through the engine; the plan of the last prompt is kept.

    Args:
        engine: The engine.
        device: Its device.
        static: Runs chunks as recorded work; None runs them as they come.
    """

    def __init__(self, engine: ChunkEngine, device: torch.device, static: StaticChunks | None = None) -> None:
        self._engine = engine
        self._device = device
        self._static = static
        self._planned: tuple[ModelInputs, PromptPlan] | None = None

    def sample(self, inputs: ModelInputs, noise: Tensor, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B K, H, A), float32."""
        plan = self._plan(inputs)
        chunk = ChunkInputs(
            pixel_values=inputs.pixel_values,
            state=inputs.state,
            noise=noise,
            action_mask=inputs.action_mask.repeat_interleave(len(noise) // len(inputs.state), dim=0),
        )
        if self._static is not None:
            return self._static.run(plan, chunk, guidance)
        steering = None if guidance is None else guidance.to(self._device)
        with torch.inference_mode(mode=guidance is None), torch.no_grad():
            return self._engine.run(plan, chunk.to(self._device), steering)

    def _plan(self, inputs: ModelInputs) -> PromptPlan:
        if self._planned is None or not _is_same_prompt(self._planned[0], inputs):
            self._planned = (inputs, self._engine.plan(inputs))
        return self._planned[1]


def make_sampler(
    model: Zr0Model,
    num_steps: int,
    engine: Engine,
    precision: Precision = Precision.FULL,
    probes: Sequence[Probe] = (),
) -> Sampler:
    """Prepare a model for sampling; its weights are shared, not copied.

    Args:
        model: The model, on its device, in evaluation mode.
        num_steps: Euler steps.
        engine: How to run it.
        precision: What to multiply weights in.
        probes: Decide whether a lower precision is accurate enough; not looked at for the full one.

    Raises:
        ValueError: The engine needs a CUDA device, or does not implement the model's architecture or the precision;
            or the actions of a lower precision have a cosine below 0.999 to those of the full one.
    """
    device = model.vlm.device
    is_cuda = device.type == "cuda"
    if engine is Engine.READABLE:
        if precision is not Precision.FULL:
            raise ValueError(f"engine 'readable' has no precision {precision.value!r}; use another engine or 'full'")
        return ReadableSampler(model, num_steps)
    if engine is Engine.GRAPH and not is_cuda:
        raise ValueError(f"engine 'graph' needs a CUDA device, the model is on {device}; use 'fast' or 'auto'")
    is_recorded = is_cuda and engine is not Engine.FAST
    chunks = ChunkEngine(model, num_steps=num_steps, length_multiple=LENGTH_MULTIPLE if is_recorded else 1)
    if precision is not Precision.FULL:
        _round(chunks, device, precision, probes)
    if engine is Engine.COMPILED:
        chunks.compile()
    return EngineSampler(chunks, device, StaticChunks(chunks) if is_recorded else None)


def _round(chunks: ChunkEngine, device: torch.device, precision: Precision, probes: Sequence[Probe]) -> None:
    if not probes:
        raise ValueError(f"precision {precision.value!r} needs probes to judge its accuracy by, got none")
    sampler = EngineSampler(chunks, device)
    exact = [sampler.sample(probe.inputs, probe.noise) for probe in probes]
    chunks.use_float8(language=precision is Precision.FLOAT8)
    worst = 1.0
    for probe, expected in zip(probes, exact, strict=True):
        got = sampler.sample(probe.inputs, probe.noise)
        worst = min(worst, cosine(got, expected, probe.inputs.action_mask.to(device)))
    _logger.info("precision %s: smallest cosine of %d probes to full precision %.5f", precision, len(probes), worst)
    if worst < SMALLEST_COSINE:
        raise ValueError(
            f"precision {precision.value!r} turns the actions too far: cosine {worst:.5f} to full precision, expected "
            f"at least {SMALLEST_COSINE}; use 'full'"
        )


def _is_same_prompt(one: ModelInputs, other: ModelInputs) -> bool:
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("input_ids", "attention_mask", "prompt_mask", "image_grid_thw")
    )
