"""`config.json` of the vision-language model, in the form of transformers 4.57 as well as in that of 5.

The published weights were made with 4.57, which writes `rope_theta` and `rope_scaling` and knows nothing of
`rope_parameters`, which is what 5 writes; 5 reads both. So both are read, and the older form is written.
"""

from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import Qwen3VLConfig

from zr0_policy.checkpoint.json_file import read_json_mapping, write_json
from zr0_policy.errors import CheckpointError

MODEL_TYPE = "qwen3_vl"
ARCHITECTURE = "Qwen3VLForConditionalGeneration"

CONFIG_ERRORS = (
    StrictDataclassError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What transformers raises, by no rule, for a configuration that it cannot use."""


def read_vlm_config(path: Path) -> Qwen3VLConfig:
    """Read the configuration of the vision-language model.

    Raises:
        CheckpointError: The file is unreadable or of another model, states no `rope_theta`, or has a field that
            transformers refuses.
    """
    data = read_json_mapping(path)
    if data.get("model_type") != MODEL_TYPE:
        raise CheckpointError(f"{path}: model_type is {data.get('model_type')!r}, expected {MODEL_TYPE!r}")
    if data.get("architectures", [ARCHITECTURE]) != [ARCHITECTURE]:
        raise CheckpointError(f"{path}: architectures is {data['architectures']!r}, expected [{ARCHITECTURE!r}]")
    for name in ("text_config", "vision_config"):
        if not isinstance(data.get(name), dict):
            raise CheckpointError(f"{path}: {name} must be a mapping, got {data.get(name)!r}")
    text = data["text_config"]
    _require_rope_theta(path, text)
    try:
        config = Qwen3VLConfig.from_pretrained(str(path.parent), local_files_only=True)
    except CONFIG_ERRORS as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    config.name_or_path = str(path.parent)
    # 4.57 ties the embeddings when the text part says so, 5 only when the whole does.
    config.tie_word_embeddings = bool(data.get("tie_word_embeddings") or text.get("tie_word_embeddings"))
    return config


def write_vlm_config(path: Path, config: Qwen3VLConfig, dtype: torch.dtype) -> None:
    """Write the configuration so that both transformers 4.57 and 5 read it.

    Args:
        path: The file.
        config: The configuration.
        dtype: The type that the weights are stored in.
    """
    data = config.to_diff_dict()
    data["architectures"] = [ARCHITECTURE]
    data["dtype"] = str(dtype).removeprefix("torch.")
    text, vision = data["text_config"], data["vision_config"]
    for part in (text, vision):
        part.pop("dtype", None)
    text["tie_word_embeddings"] = data["tie_word_embeddings"] = config.tie_word_embeddings
    rope = dict(text.pop("rope_parameters"))
    text["rope_theta"] = rope.pop("rope_theta")
    text["rope_scaling"] = rope
    write_json(path, data, sort_keys=True)


def config_style(path: Path) -> str:
    """Say in which form a configuration is written, and by which version."""
    data = read_json_mapping(path)
    text = data.get("text_config")
    is_new = isinstance(text, dict) and "rope_parameters" in text
    return f"transformers {'5' if is_new else '4.57'} form, written by {data.get('transformers_version', 'unknown')}"


def _require_rope_theta(path: Path, text: dict[str, Any]) -> None:
    """Refuse a configuration without rotary base: the versions of transformers differ in what they assume then."""
    places = [text, text.get("rope_parameters"), text.get("rope_scaling")]
    if not any(isinstance(place, dict) and "rope_theta" in place for place in places):
        raise CheckpointError(f"{path}: text_config has no rope_theta; the published models have 5000000.0")
