"""A checkpoint directory whose every file is checked, but of whose weights only the headers are read."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import ServingFacts
from zr0_policy.checkpoint.json_file import read_json_mapping
from zr0_policy.checkpoint.parts import require_parts_fit
from zr0_policy.checkpoint.safetensors_file import StoredTensor, read_header
from zr0_policy.checkpoint.serving_facts import read_serving_facts
from zr0_policy.checkpoint.shards import read_shards
from zr0_policy.checkpoint.tokenizer_files import read_tokens
from zr0_policy.checkpoint.vlm_config import read_vlm_config
from zr0_policy.checkpoint.vlm_skeleton import build_vlm, read_generation_config, tied_names
from zr0_policy.checkpoint.weights_match import require_match
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.preprocessing.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class OpenedVlm:
    """The vision-language model, its weights not yet read."""

    model: Qwen3VLForConditionalGeneration
    """The model on the meta device."""
    tensors: tuple[StoredTensor, ...]
    """Where its weights lie."""
    twins: tuple[StoredTensor, ...]
    """Copies of tied weights: stored although they must equal others."""


@dataclass(frozen=True, kw_only=True)
class OpenedExpert:
    """The action expert, its weights not yet read."""

    model: ActionExpert
    """The model on the meta device."""
    tensors: tuple[StoredTensor, ...]
    """Where its weights lie."""


@dataclass(frozen=True, kw_only=True)
class OpenedCheckpoint:
    """A checkpoint that fits together and whose weights can be read."""

    facts: ServingFacts
    """What the published files leave out."""
    tokens: Tokens
    """The tokenizer."""
    vlm: OpenedVlm
    """The vision-language model."""
    expert: OpenedExpert
    """The action expert."""

    @property
    def num_bytes(self) -> int:
        """Bytes of weights in the files."""
        return sum(tensor.num_bytes for tensor in (*self.vlm.tensors, *self.vlm.twins, *self.expert.tensors))


def open_checkpoint(directory: Path, facts: ServingFacts | None = None) -> OpenedCheckpoint:
    """Check a checkpoint directory in every respect that does not need its weights.

    Args:
        directory: The checkpoint directory.
        facts: As in `load_checkpoint`.

    Raises:
        CheckpointError: A file is missing, damaged or foreign, or the parts do not fit each other.
        EmbodimentError: The embodiment file is malformed.
        NormalisationError: The statistics file is malformed.
    """
    layout.require_files(directory, layout.PUBLISHED_FILES, "it is not a ZR-0 checkpoint, or its copy is incomplete")
    if facts is None:
        facts = read_serving_facts(directory)
    vlm, expert, tokens = open_vlm(directory), open_expert(directory), read_tokens(directory)
    require_parts_fit(str(directory), facts, tokens, vlm.model.config, expert.model.config)
    return OpenedCheckpoint(facts=facts, tokens=tokens, vlm=vlm, expert=expert)


def open_vlm(directory: Path) -> OpenedVlm:
    """Check the vision-language model of a checkpoint directory.

    Raises:
        CheckpointError: Its configuration or a header is damaged or foreign, or they do not fit each other.
    """
    config = read_vlm_config(directory / layout.CONFIG)
    model = build_vlm(config, str(directory / layout.CONFIG))
    generation_config = read_generation_config(directory)
    if generation_config is not None:
        model.generation_config = generation_config
    tensors = {tensor.name: tensor for tensor in read_shards(directory)}
    twins = []
    for name, original in tied_names(model).items():
        twin = tensors.pop(name, None)
        if twin is not None and original in tensors:
            twins.append(dataclasses.replace(twin, name=original))
        elif twin is not None:
            tensors[original] = dataclasses.replace(twin, name=original)
    expected = {name: tensor for name, tensor in model.state_dict().items() if name not in tied_names(model)}
    require_match(expected, tensors.values(), f"{directory} vision-language model", layout.CONFIG)
    return OpenedVlm(model=model, tensors=tuple(tensors.values()), twins=tuple(twins))


def open_expert(directory: Path) -> OpenedExpert:
    """Check the action expert of a checkpoint directory.

    Raises:
        CheckpointError: Its configuration or header is damaged or foreign, or they do not fit each other.
    """
    config_path, weights_path = directory / layout.EXPERT_CONFIG, directory / layout.EXPERT_WEIGHTS
    config = ActionExpertConfig.from_mapping(read_json_mapping(config_path), str(config_path))
    with torch.device("meta"):
        model = ActionExpert(config)
    tensors = read_header(weights_path)
    require_match(model.state_dict(), tensors, str(weights_path), layout.EXPERT_CONFIG)
    return OpenedExpert(model=model, tensors=tensors)
