"""FAST tokenizers on disk, in their published layout. No code from the files is run."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zr0_policy.fast.config import FastConfig
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.tokenizer import FastTokenizer
from zr0_policy.fast.tokenizer_json import format_byte_pairs, parse_byte_pairs

CONFIG = "processor_config.json"
VOCABULARY = "tokenizer.json"
VOCABULARY_FOLDER = "bpe_tokenizer"
"""Where version 5 of transformers puts the vocabulary."""

_PROCESSOR_CLASS = "UniversalActionProcessor"
_AUTO_MAP = {"AutoProcessor": f"processing_action_tokenizer.{_PROCESSOR_CLASS}"}
_TOKENIZER_CONFIG = {
    "added_tokens_decoder": {},
    # Otherwise transformers takes spaces before signs out, and coefficients with them.
    "clean_up_tokenization_spaces": False,
    "model_max_length": 1_000_000_000,
    "processor_class": _PROCESSOR_CLASS,
    "tokenizer_class": "PreTrainedTokenizerFast",
}


def load_fast_tokenizer(directory: Path) -> FastTokenizer:
    """Load a FAST tokenizer, as published or as saved by any version of transformers.

    Args:
        directory: Holds `processor_config.json` and `tokenizer.json`, the latter maybe in `bpe_tokenizer/`.

    Raises:
        ActionTokenError: A file is missing or in two places, a field is missing, unknown, of the wrong type or out of
            range, or the vocabulary has another size than `vocab_size`; the message names file and field.
    """
    config_path, vocabulary_path = directory / CONFIG, _find_vocabulary(directory)
    data = _read_config(config_path)
    try:
        config = FastConfig.from_mapping(data)
    except ValueError as error:
        raise ActionTokenError(f"{config_path}: {error}") from error
    try:
        byte_pairs = parse_byte_pairs(_read(vocabulary_path))
        return FastTokenizer(config=config, byte_pairs=byte_pairs)
    except ValueError as error:
        raise ActionTokenError(f"{vocabulary_path}: {error}") from error


def save_fast_tokenizer(tokenizer: FastTokenizer, directory: Path) -> None:
    """Write a FAST tokenizer in the published layout; a failure leaves nothing half written.

    The published Python file that reads it elsewhere is not part of it; `auto_map` names it.

    Args:
        tokenizer: What to save.
        directory: Where to; must not exist yet.

    Raises:
        ActionTokenError: The directory exists.
    """
    if directory.exists():
        raise ActionTokenError(f"{directory} exists; choose another name, or remove it")
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = directory.with_name(f".{directory.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        config = {"auto_map": _AUTO_MAP, "processor_class": _PROCESSOR_CLASS, **asdict(tokenizer.config)}
        _write_json(beside / CONFIG, config)
        (beside / VOCABULARY).write_text(format_byte_pairs(tokenizer.byte_pairs), encoding="utf-8")
        _write_json(beside / "tokenizer_config.json", _TOKENIZER_CONFIG)
        _write_json(beside / "special_tokens_map.json", {})
        beside.rename(directory)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _find_vocabulary(directory: Path) -> Path:
    if not directory.is_dir():
        raise ActionTokenError(f"{directory} is not a directory")
    candidates = (directory / VOCABULARY, directory / VOCABULARY_FOLDER / VOCABULARY)
    found = [path for path in candidates if path.is_file()]
    if not found:
        raise ActionTokenError(
            f"{directory} has neither {VOCABULARY} nor {VOCABULARY_FOLDER}/{VOCABULARY}; it is not a FAST tokenizer"
        )
    if len(found) > 1:
        raise ActionTokenError(
            f"{directory} has both {VOCABULARY} and {VOCABULARY_FOLDER}/{VOCABULARY}; remove the one not meant"
        )
    return found[0]


def _read_config(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_read(path))
    except ValueError as error:
        raise ActionTokenError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(data, dict):
        raise ActionTokenError(f"{path} must hold a mapping, got {type(data).__name__}")
    found = data.pop("processor_class", None)
    if found != _PROCESSOR_CLASS:
        raise ActionTokenError(f"{path}: processor_class is {found!r}, expected {_PROCESSOR_CLASS!r}")
    data.pop("auto_map", None)  # names the Python file that nothing here runs
    return data


def _read(path: Path) -> str:
    if not path.is_file():
        raise ActionTokenError(f"{path} does not exist")
    return path.read_text(encoding="utf-8")


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
