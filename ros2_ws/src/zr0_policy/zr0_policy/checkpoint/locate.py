"""Find a checkpoint directory by name or path."""

import difflib
import os
from pathlib import Path

from zr0_policy.errors import CheckpointError

_SHARE = Path("share", "zr0_policy", "checkpoints")


def checkpoint_folders() -> tuple[Path, ...]:
    """Folders that hold shipped checkpoints: every installed share folder, then the source tree."""
    prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    folders = [prefix / _SHARE for prefix in prefixes] + [Path(__file__).resolve().parents[2] / "checkpoints"]
    return tuple(folder for folder in folders if folder.is_dir())


def locate(name_or_path: str) -> Path:
    """Return the directory of a shipped checkpoint by name, or of any checkpoint by path.

    Raises:
        CheckpointError: Nothing is there; the message lists the shipped names.
    """
    if not name_or_path:
        raise CheckpointError("no checkpoint given; name a shipped one or give the path of a directory")
    folders = checkpoint_folders()
    is_name = Path(name_or_path).name == name_or_path
    if is_name:
        for folder in folders:
            if (folder / name_or_path).is_dir():
                return folder / name_or_path
    if Path(name_or_path).is_dir():
        return Path(name_or_path)
    shipped = sorted({entry.name for folder in folders for entry in folder.iterdir() if entry.is_dir()})
    close = difflib.get_close_matches(name_or_path, shipped, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise CheckpointError(
        f"no checkpoint {name_or_path!r}: it is neither a directory nor one of the shipped: "
        f"{', '.join(shipped) or 'none'}{hint}"
    )
