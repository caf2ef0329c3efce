"""Is there room for what is to be written?"""

import shutil
from pathlib import Path

from zr0_policy.errors import CheckpointError

_MEBIBYTE = 2**20


def require_space(directory: Path, num_bytes: int) -> None:
    """Check the free space of the disk that a directory is on.

    Args:
        directory: An existing directory.
        num_bytes: What is needed.

    Raises:
        CheckpointError: There is less; the message says what is needed and what is there.
    """
    free = shutil.disk_usage(directory).free
    if free < num_bytes:
        raise CheckpointError(
            f"the disk of {directory} has {free / _MEBIBYTE:,.0f} MiB free, {num_bytes / _MEBIBYTE:,.0f} MiB are "
            "needed; free some, or choose another directory"
        )
