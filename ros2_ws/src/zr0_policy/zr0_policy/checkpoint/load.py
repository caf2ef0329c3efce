"""Load a checkpoint directory, tiny or real, official or ours, through one path."""

import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.opened import OpenedCheckpoint, open_checkpoint
from zr0_policy.checkpoint.progress import ByteCounter, Progress, ignore_progress
from zr0_policy.checkpoint.safetensors_file import StoredTensor
from zr0_policy.checkpoint.tensor_reader import TensorReader
from zr0_policy.checkpoint.vlm_skeleton import put_weights
from zr0_policy.errors import CheckpointError
from zr0_policy.model.qwen3_vl import Rotation, round_rotations
from zr0_policy.model.zr0 import Zr0Model

_logger = logging.getLogger(__name__)


def load_checkpoint(
    directory: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    facts: ServingFacts | None = None,
    progress: Progress = ignore_progress,
) -> Checkpoint:
    """Load a checkpoint for inference.

    Everything that can be checked without the weights is checked first. The weights then go straight to the device
    in the asked type: beside them, host memory holds one buffer of a few megabytes.

    Args:
        directory: The checkpoint directory.
        device: Where to put the weights.
        dtype: What to compute in.
        facts: Embodiment, statistics, options and provenance for a directory that holds none, such as an official
            one; None reads them from the directory.
        progress: Told of the bytes that are read.

    Raises:
        CheckpointError: A file is missing, damaged or foreign, or the parts do not fit each other; the message names
            the file or field.
        EmbodimentError: The embodiment file is malformed.
        NormalisationError: The statistics file is malformed.
    """
    _logger.info("loading checkpoint %s on %s as %s", directory, device, dtype)
    opened = open_checkpoint(directory, facts)
    _read_weights(opened, torch.device(device), dtype, progress)
    if opened.facts.options.rotation is Rotation.BFLOAT16:
        round_rotations(opened.vlm.model)
    model = Zr0Model(opened.vlm.model, opened.expert.model, opened.facts.options.feature_norm).eval()
    model.requires_grad_(requires_grad=False)
    return Checkpoint(model=model, tokens=opened.tokens, facts=opened.facts)


def _read_weights(opened: OpenedCheckpoint, device: torch.device, dtype: torch.dtype, progress: Progress) -> None:
    reader = TensorReader(device, dtype, ByteCounter(progress, opened.num_bytes).add)
    vlm = {stored.name: tensor for stored, tensor in reader.read(opened.vlm.tensors)}
    _require_equal(reader.read(opened.vlm.twins), vlm)
    put_weights(opened.vlm.model, vlm, device, dtype)
    expert = {stored.name: tensor for stored, tensor in reader.read(opened.expert.tensors)}
    opened.expert.model.load_state_dict(expert, assign=True)


def _require_equal(twins: Iterator[tuple[StoredTensor, Tensor]], originals: dict[str, Tensor]) -> None:
    for stored, twin in twins:
        if not torch.equal(twin, originals[stored.name]):
            raise CheckpointError(
                f"{stored.path} holds two different tensors for {stored.name}, which the configuration ties; set "
                "tie_word_embeddings to false if the model was trained so"
            )
