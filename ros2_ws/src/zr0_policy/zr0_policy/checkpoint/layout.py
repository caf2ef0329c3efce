"""Which files a checkpoint directory holds."""

from pathlib import Path

from zr0_policy.errors import CheckpointError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
GENERATION_CONFIG = "generation_config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
VOCABULARY = "vocab.json"
MERGES = "merges.txt"
CHAT_TEMPLATE = "chat_template.jinja"
CHAT_TEMPLATE_JSON = "chat_template.json"
IMAGE_PROCESSOR = "preprocessor_config.json"
VIDEO_PROCESSOR = "video_preprocessor_config.json"
EXPERT_CONFIG = "action_expert_config.json"
EXPERT_WEIGHTS = "action_expert.safetensors"

EMBODIMENT = "embodiment.yaml"
NORMALIZATION = "normalization.json"
OPTIONS = "zr0_options.json"
PROVENANCE = "provenance.json"

PUBLISHED_FILES = (CONFIG, EXPERT_CONFIG, EXPERT_WEIGHTS)
OWN_FILES = (EMBODIMENT, NORMALIZATION, OPTIONS, PROVENANCE)


def require_files(directory: Path, names: tuple[str, ...], hint: str) -> None:
    """Check that a checkpoint directory holds the named files.

    Raises:
        CheckpointError: The directory or a file does not exist; the message names it.
    """
    if not directory.is_dir():
        raise CheckpointError(f"checkpoint {directory} is not a directory")
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise CheckpointError(f"checkpoint {directory} lacks {', '.join(missing)}; {hint}")
