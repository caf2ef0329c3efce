"""Read and write JSON files strictly."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zr0_policy.errors import CheckpointError


def read_json_mapping(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds a mapping.

    Raises:
        CheckpointError: The file is missing, unreadable, not JSON, not a mapping, or names a key twice.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is {'a directory, not a file' if path.is_dir() else 'missing'}")
    try:
        return parse_json_mapping(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable as JSON: {error}") from error


def parse_json_mapping(data: bytes) -> dict[str, Any]:
    """Parse JSON that holds a mapping.

    Raises:
        ValueError: The data is not JSON, not a mapping, or names a key twice.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(document, dict):
        raise ValueError(f"expected a mapping, got a {type(document).__name__}")
    return document


def write_json(path: Path, data: Mapping[str, Any], *, sort_keys: bool = False) -> None:
    """Write a mapping as indented JSON."""
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=sort_keys)
    path.write_text(text + "\n", encoding="utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if repeated:
        raise ValueError(f"{repeated[0]!r} is given twice")
    return dict(pairs)
