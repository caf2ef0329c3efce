"""ZR-0 as a policy."""

import logging
import time

import numpy as np
import torch
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext
from zr0_core.types import CameraImage, FloatArray, Observation

from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.handshake import require_same_embodiment
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.locate import locate

_logger = logging.getLogger(__name__)


class Zr0Policy:
    """Serves a checkpoint: observation in, chunk of actions out.

    Args:
        checkpoint: The weights, on their device.
        seed: Seed of the sampling noise; every episode starts from it.
        device: The device of the weights.

    Raises:
        CheckpointError: The parts of the checkpoint do not fit each other.
        NormalisationError: Its statistics cannot be used.
    """

    def __init__(self, checkpoint: Checkpoint, *, seed: int, device: str = "cpu") -> None:
        self._model = checkpoint.model
        self._transforms = checkpoint.transforms()
        self._num_steps = checkpoint.facts.options.num_denoising_steps
        self._is_trained = checkpoint.facts.provenance.is_trained
        self._device = device
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)

    @property
    def name(self) -> str:
        """The policy's name."""
        return "zr0"

    @property
    def is_trained(self) -> bool:
        """Whether the weights were fitted, as their provenance says."""
        return self._is_trained

    def reset(self, instruction: str) -> None:
        """Begin an episode: check that the instruction can be asked and draw noise from the seed again.

        Raises:
            PromptError: The instruction is empty or contains a special token.
        """
        self._transforms.prompt(instruction)
        self._generator.manual_seed(self._seed)

    def infer(self, observation: Observation) -> FloatArray:
        """Return a chunk of actions (H, A), SI units, sampled with fresh noise.

        Raises:
            Zr0Error: The images are not those of the embodiment's cameras.
            PromptError: The instruction cannot be put into a prompt.
        """
        inputs = self._transforms.inputs(observation)
        noise = torch.randn(inputs.action_mask.shape, generator=self._generator)
        padded = self._model.sample(inputs.to(self._device), noise.to(self._device), self._num_steps)
        return self._transforms.actions(padded[0])


def make_zr0(context: PolicyContext) -> Zr0Policy:
    """Load a checkpoint, check that it is for this robot, and run it once so that the first chunk comes in time.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or for another robot.
        Zr0Error: The device is not there.
    """
    device = _require_device(context.device)
    directory = locate(context.checkpoint)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    checkpoint = load_checkpoint(directory, device=str(device), dtype=dtype)
    require_same_embodiment(context.embodiment, checkpoint.facts.embodiment, directory.name)
    provenance = checkpoint.facts.provenance
    _logger.info(
        "%s (%s): %s", directory.name, "fitted" if provenance.is_trained else "untrained", provenance.description
    )
    policy = Zr0Policy(checkpoint, seed=context.seed, device=str(device))
    began = time.perf_counter()
    policy.infer(blank_observation(context.embodiment))
    _logger.info("warm-up inference took %.3f s", time.perf_counter() - began)
    return policy


def blank_observation(embodiment: Embodiment) -> Observation:
    """Return an observation of the right form without content: black frames, a state of zeros."""
    return Observation(
        images=tuple(
            CameraImage(key=camera.key, stamp_ns=0, rgb=np.zeros((camera.height, camera.width, 3), dtype=np.uint8))
            for camera in embodiment.cameras
        ),
        state=np.zeros(len(embodiment.state.names)),
        state_stamp_ns=0,
        instruction="wait",
    )


def _require_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise Zr0Error(f"device {name!r} is not a torch device, such as cpu or cuda: {error}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Zr0Error(f"device is {name!r}, but torch {torch.__version__} sees no CUDA device here; use cpu")
    return device
