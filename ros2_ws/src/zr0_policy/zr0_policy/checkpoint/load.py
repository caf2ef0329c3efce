"""Load a checkpoint directory, tiny or real, official or ours, through one path."""

import json
import logging
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen3VLForConditionalGeneration
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import load_statistics

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.checkpoint.safetensors_file import read_header, read_tensors
from zr0_policy.errors import CheckpointError
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.qwen3_vl import num_embedding_rows
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import Tokens, load_tokenizer

_logger = logging.getLogger(__name__)
_MODEL_TYPE = "qwen3_vl"


def load_checkpoint(
    directory: Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32, facts: ServingFacts | None = None
) -> Checkpoint:
    """Load a checkpoint for inference.

    Args:
        directory: The checkpoint directory.
        device: Where to put the weights.
        dtype: What to compute in.
        facts: Embodiment, statistics, options and provenance for a directory that holds none, such as an official
            one; None reads them from the directory.

    Raises:
        CheckpointError: A file is missing, damaged or foreign, or the parts do not fit each other; the message names
            the file or field.
        EmbodimentError: The embodiment file is malformed.
        NormalisationError: The statistics file is malformed.
    """
    layout.require_files(directory, layout.PUBLISHED_FILES, "it is not a ZR-0 checkpoint, or its copy is incomplete")
    if facts is None:
        hint = "give embodiment, statistics, options and provenance explicitly to serve a checkpoint without them"
        layout.require_files(directory, layout.OWN_FILES, hint)
        facts = _read_facts(directory)
    _logger.info("loading checkpoint %s on %s as %s", directory, device, dtype)
    _require_model_type(directory / layout.CONFIG)
    tokens = Tokens.from_tokenizer(load_tokenizer(directory), str(directory))
    vlm = _load_vlm(directory, dtype)
    _check_tokens(vlm, tokens, directory)
    expert = _load_expert(directory, device, dtype)
    try:
        model = Zr0Model(vlm.to(device), expert, facts.options.feature_norm).eval()
    except ValueError as error:
        raise CheckpointError(f"{directory}: {error}") from error
    model.requires_grad_(requires_grad=False)
    return Checkpoint(model=model, tokens=tokens, facts=facts)


def _read_facts(directory: Path) -> ServingFacts:
    return ServingFacts(
        embodiment=Embodiment.load(str(directory / layout.EMBODIMENT)),
        statistics=load_statistics(directory / layout.NORMALIZATION),
        options=Zr0Options.from_mapping(_read_json(directory / layout.OPTIONS), str(directory / layout.OPTIONS)),
        provenance=Provenance.from_mapping(
            _read_json(directory / layout.PROVENANCE), str(directory / layout.PROVENANCE)
        ),
    )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{path} is not readable as JSON: {error}") from error


def _require_model_type(config_path: Path) -> None:
    config = _read_json(config_path)
    model_type = config.get("model_type") if isinstance(config, dict) else None
    if model_type != _MODEL_TYPE:
        raise CheckpointError(f"{config_path}: model_type is {model_type!r}, expected {_MODEL_TYPE!r}")


def _load_vlm(directory: Path, dtype: torch.dtype) -> Qwen3VLForConditionalGeneration:
    for path in _weight_files(directory):
        read_header(path)
    try:
        vlm, info = Qwen3VLForConditionalGeneration.from_pretrained(
            str(directory), dtype=dtype, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{directory}: the vision-language model cannot be loaded: {error}") from error
    _require_same_keys(f"{directory} vision-language model", info["missing_keys"], info["unexpected_keys"])
    if info.get("mismatched_keys"):
        raise CheckpointError(f"{directory}: tensor shapes differ from config.json: {sorted(info['mismatched_keys'])}")
    return vlm


def _weight_files(directory: Path) -> list[Path]:
    if (directory / layout.WEIGHTS).is_file():
        return [directory / layout.WEIGHTS]
    index_path = directory / layout.WEIGHTS_INDEX
    if not index_path.is_file():
        raise CheckpointError(f"checkpoint {directory} has neither {layout.WEIGHTS} nor {layout.WEIGHTS_INDEX}")
    index = _read_json(index_path)
    shards = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(shards, dict) or not shards:
        raise CheckpointError(f"{index_path} has no weight_map")
    return [directory / name for name in sorted(set(shards.values()))]


def _check_tokens(vlm: Qwen3VLForConditionalGeneration, tokens: Tokens, directory: Path) -> None:
    if vlm.config.image_token_id != tokens.image_id:
        raise CheckpointError(
            f"{directory}: image_token_id in {layout.CONFIG} is {vlm.config.image_token_id}, the tokenizer's is "
            f"{tokens.image_id}; tokenizer and weights are of different checkpoints"
        )
    rows = num_embedding_rows(vlm)
    if len(tokens.tokenizer) > rows:
        raise CheckpointError(
            f"{directory}: the tokenizer has {len(tokens.tokenizer)} tokens, the model only {rows} embeddings"
        )


def _load_expert(directory: Path, device: str, dtype: torch.dtype) -> ActionExpert:
    config_path, weights_path = directory / layout.EXPERT_CONFIG, directory / layout.EXPERT_WEIGHTS
    data = _read_json(config_path)
    if not isinstance(data, dict):
        raise CheckpointError(f"{config_path} must be a mapping, got {type(data).__name__}")
    config = ActionExpertConfig.from_mapping(data, str(config_path))
    tensors = read_tensors(weights_path, device)
    with torch.device("meta"):
        expert = ActionExpert(config)
    expected = expert.state_dict()
    _require_same_keys(str(weights_path), set(expected) - set(tensors), set(tensors) - set(expected))
    for name, tensor in expected.items():
        if tensors[name].shape != tensor.shape:
            raise CheckpointError(
                f"{weights_path}: {name} has shape {tuple(tensors[name].shape)}, expected {tuple(tensor.shape)} from "
                f"{layout.EXPERT_CONFIG}"
            )
    expert.load_state_dict({name: tensor.to(dtype) for name, tensor in tensors.items()}, assign=True)
    return expert


def _require_same_keys(source: str, missing: set[str], unexpected: set[str]) -> None:
    for kind, names in (("lacks the tensors", missing), ("has unknown tensors", unexpected)):
        if names:
            shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            raise CheckpointError(f"{source} {kind} {shown}; the file is of another model or another version")
