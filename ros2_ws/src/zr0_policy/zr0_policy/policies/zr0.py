"""ZR-0 as a policy."""

import difflib
import logging
import time
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext
from zr0_core.stamps import NANOSECONDS
from zr0_core.types import FloatArray, Observation, Overlap

from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.handshake import require_same_embodiment
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.locate import locate
from zr0_policy.checkpoint.progress import LoggedProgress
from zr0_policy.checkpoint.serving_facts import read_serving_facts
from zr0_policy.ecot.generated import generate_sub_task
from zr0_policy.engine.sampler import Engine, Precision, ReadableSampler, Sampler, make_sampler
from zr0_policy.model.generation import generate_greedily
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.self_consistency import most_consistent
from zr0_policy.policies.probes import make_probes
from zr0_policy.preprocessing.history import FrameHistory
from zr0_policy.preprocessing.prompt import PromptMode
from zr0_policy.runtime.warm_up import blank_observation

_logger = logging.getLogger(__name__)

Choice = TypeVar("Choice", bound=StrEnum)


class Zr0Policy:
    """Serves a checkpoint: observation in, chunk of actions out.

    Args:
        checkpoint: The weights, on their device.
        seed: Seed of the sampling noise; every episode starts from it.
        sampler: How the model is run; None runs it as it is written.
        num_samples: Chunks sampled for every observation; the one that the others agree with is taken.

    Raises:
        CheckpointError: The parts of the checkpoint do not fit each other.
        NormalisationError: Its statistics cannot be used.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, seed: int, sampler: Sampler | None = None, num_samples: int = 1
    ) -> None:
        self._checkpoint = checkpoint
        self._options = checkpoint.facts.options
        self._transforms = checkpoint.transforms()
        self._sampler = sampler or ReadableSampler(checkpoint.model, self._options.num_denoising_steps)
        self._num_samples = num_samples
        step_period_s = checkpoint.facts.embodiment.action.step_period
        self._history = FrameHistory(
            window_size=self._options.window_size,
            spacing_ns=round(self._options.history_spacing_steps * step_period_s * NANOSECONDS),
        )
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)
        self._last_sub_task = ""

    @property
    def name(self) -> str:
        """The policy's name."""
        return "zr0"

    @property
    def is_trained(self) -> bool:
        """Whether the weights were fitted, as their provenance says."""
        return self._checkpoint.facts.provenance.is_trained

    @property
    def is_guided(self) -> bool:
        """True: the flow is steered to continue an overlap."""
        return True

    @property
    def last_sub_task(self) -> str:
        """The sub-task that the last chunk was sampled for; empty before the first and in direct mode."""
        return self._last_sub_task

    def reset(self, instruction: str) -> None:
        """Begin an episode: check the instruction, forget earlier frames and draw noise from the seed again.

        Raises:
            PromptError: The instruction is empty or contains a special token.
        """
        self._transforms.prompt(instruction, self._options.mode, self._options.window_size)
        self._history.clear()
        self._last_sub_task = ""
        self._generator.manual_seed(self._seed)

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:
        """Return a chunk of actions (H, A), SI units, sampled with fresh noise.

        In sub-task mode the model first says what to do next, one pass of the vision-language model per token.

        Raises:
            Zr0Error: The images are not those of the embodiment's cameras.
            PromptError: The instruction cannot be put into a prompt, or the model says no complete sub-task.
        """
        inputs = self._inputs(observation)
        if self._options.mode is PromptMode.SUB_TASK:
            inputs = self._with_sub_task(inputs)
        return self._act(inputs, overlap)

    def warm_up(self) -> None:
        """Run every pass once on an observation without content, and reset.

        The sub-task said of nothing need not be one: it is not acted on.
        """
        observation = blank_observation(self._transforms.embodiment)
        self.reset(observation.instruction)
        inputs = self._inputs(observation)
        if self._options.mode is PromptMode.SUB_TASK:
            stop_ids = (self._transforms.tokens.sub_task_close_id,)
            vlm = self._checkpoint.model.vlm
            generate_greedily(vlm, inputs.to(vlm.device), stop_ids=stop_ids, max_new_tokens=2)
        components = len(self._transforms.embodiment.action.names)
        for overlap in (None, Overlap(actions=np.zeros((1, components)), num_frozen=1)):
            self._act(inputs, overlap)
        self.reset(observation.instruction)

    def _inputs(self, observation: Observation) -> ModelInputs:
        window = self._history.extend(observation.newest_stamp_ns, self._transforms.patches(observation.images))
        return self._transforms.assemble(window, observation.state, observation.instruction, self._options.mode)

    def _with_sub_task(self, inputs: ModelInputs) -> ModelInputs:
        sub_task = generate_sub_task(
            self._checkpoint.model,
            self._transforms.tokens,
            inputs.to(self._checkpoint.model.vlm.device),
            max_new_tokens=self._options.max_sub_task_tokens,
        )
        if sub_task.text != self._last_sub_task:
            _logger.info("sub-task: %s", sub_task.text)
        self._last_sub_task = sub_task.text
        return self._transforms.with_answer(inputs, sub_task.ids, PromptMode.SUB_TASK)

    def _act(self, inputs: ModelInputs, overlap: Overlap | None) -> FloatArray:
        horizon, width = inputs.action_mask.shape[1:]
        noise = torch.randn((self._num_samples, horizon, width), generator=self._generator)
        guidance = None
        if overlap is not None:
            rest = self._transforms.targets(overlap.actions)
            guidance = Guidance.from_overlap(rest, overlap.num_frozen, horizon)
        chunks = self._sampler.sample(inputs, noise, guidance)
        chosen = most_consistent(chunks)  # padding is zero in all of them
        return self._transforms.actions(chunks.index_select(0, chosen[None])[0])


def make_zr0(context: PolicyContext) -> Zr0Policy:
    """Load a checkpoint, check that it is for this robot, and run it once so that the first chunk comes in time.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or for another robot.
        Zr0Error: The device is not there, or the model cannot be run as asked.
    """
    device = _require_device(context.device)
    engine, precision = _choose(Engine, "engine", context.engine), _choose(Precision, "precision", context.precision)
    if context.num_samples < 1:
        raise Zr0Error(f"num_samples is {context.num_samples}, expected at least 1")
    directory = locate(context.checkpoint)
    dtype = _require_dtype(context.dtype, device)
    facts = read_serving_facts(Path(context.checkpoint_facts) if context.checkpoint_facts else directory)
    require_same_embodiment(context.embodiment, facts.embodiment, directory.name)
    reading = LoggedProgress(_logger, f"reading {directory.name}")
    checkpoint = load_checkpoint(directory, device=str(device), dtype=dtype, facts=facts, progress=reading)
    provenance = checkpoint.facts.provenance
    _logger.info(
        "%s (%s): %s", directory.name, "fitted" if provenance.is_trained else "untrained", provenance.description
    )
    probes = () if precision is Precision.FULL else make_probes(checkpoint.transforms())
    num_steps = checkpoint.facts.options.num_denoising_steps
    try:
        sampler = make_sampler(checkpoint.model, num_steps, engine, precision, probes)
    except ValueError as error:
        raise Zr0Error(f"{directory.name} cannot be run as asked: {error}") from error
    policy = Zr0Policy(checkpoint, seed=context.seed, sampler=sampler, num_samples=context.num_samples)
    began = time.perf_counter()
    policy.warm_up()
    _logger.info("warm-up inference took %.3f s", time.perf_counter() - began)
    return policy


def _choose(kind: type[Choice], name: str, value: str) -> Choice:
    values = [choice.value for choice in kind]
    if value not in values:
        close = difflib.get_close_matches(value, values, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Zr0Error(f"{name} is {value!r}, expected one of: {', '.join(values)}{hint}")
    return kind(value)


def _require_dtype(name: str, device: torch.device) -> torch.dtype:
    automatic = torch.float32 if device.type == "cpu" else torch.bfloat16
    dtypes = {"auto": automatic, "float32": torch.float32, "bfloat16": torch.bfloat16}
    if name not in dtypes:
        raise Zr0Error(f"dtype is {name!r}, expected one of: {', '.join(dtypes)}")
    return dtypes[name]


def _require_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise Zr0Error(f"device {name!r} is not a torch device, such as cpu or cuda: {error}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Zr0Error(f"device is {name!r}, but torch {torch.__version__} sees no CUDA device here; use cpu")
    return device
