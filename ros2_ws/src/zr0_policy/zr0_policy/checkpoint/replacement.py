"""Write a directory beside its place and move it there when it is complete."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zr0_policy.checkpoint import layout
from zr0_policy.errors import CheckpointError

_logger = logging.getLogger(__name__)
_PART, _OLD = ".part", ".old"
_FILE_MODE, _DIRECTORY_MODE = 0o644, 0o755
"""Temporary files and directories are made private."""


@contextmanager
def replaced_directory(directory: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a new directory beside `directory`; at the end flush it to disk and rename it into place.

    If anything fails, what was there stays. Replacing takes two renames: if the power fails between them, the old
    checkpoint lies beside under a name that ends in `.old`.

    Args:
        directory: Where the result belongs.
        overwrite: Whether a checkpoint that is there may be replaced.

    Raises:
        CheckpointError: Something is there and may not be replaced, or is no checkpoint.
    """
    directory = directory.resolve()
    _require_replaceable(directory, overwrite=overwrite)
    directory.parent.mkdir(parents=True, exist_ok=True)
    for left in sorted(directory.parent.glob(f".{directory.name}.*{_PART}")):
        _logger.warning("%s was left by a save that was cut off; remove it if none is running", left)
    beside = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", suffix=_PART, dir=directory.parent))
    replaced = beside.with_suffix(_OLD)
    try:
        yield beside
        for path in sorted(beside.rglob("*")):
            path.chmod(_FILE_MODE)
            _flush(path)
        beside.chmod(_DIRECTORY_MODE)
        _flush(beside)
        if directory.exists():
            directory.rename(replaced)
            try:
                beside.rename(directory)
            except OSError:
                replaced.rename(directory)
                raise
        else:
            beside.rename(directory)
        _flush(directory.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(replaced, ignore_errors=True)


def _require_replaceable(directory: Path, *, overwrite: bool) -> None:
    if not directory.exists():
        return
    if not overwrite:
        raise CheckpointError(f"{directory} exists; choose another name or allow overwriting")
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / layout.EXPERT_CONFIG).exists()):
        raise CheckpointError(f"{directory} exists and is not a checkpoint; it is not replaced, choose another name")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
