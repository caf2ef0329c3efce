"""Stamps: what was set up from what, so that the next start can tell that nothing is left to do."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

BUILT_FROM = {"package.xml", "setup.py", "setup.cfg", "CMakeLists.txt"}
INTERFACES = {".msg", ".srv", ".action"}
IGNORED_SUFFIXES = (".py", ".pyc", ".md")
IGNORED_FOLDERS = {"__pycache__", "build", "install", "log"}


def hash_contents(paths: Iterable[Path], *also: str) -> str:
    """Hash files by content and further strings, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in also:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def hash_workspace(sources: Path, *also: str) -> str:
    """Hash what a build of the workspace depends on.

    The build links to Python and data files instead of copying them, so of these only the names count.

    Args:
        sources: The workspace's `src` folder.
        also: Further strings, such as the hash of the environment that builds it.
    """
    digest = hashlib.sha256()
    for path in sorted(_files(sources)):
        digest.update(str(path.relative_to(sources)).encode() + b"\0")
        if path.name in BUILT_FROM or path.suffix in INTERFACES:
            digest.update(path.read_bytes() + b"\0")
    for text in also:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in IGNORED_FOLDERS and not name.endswith(".egg-info") and name[0] != "."
        ]
        for name in names:
            if not name.endswith(IGNORED_SUFFIXES) or name in BUILT_FROM:
                yield Path(parent, name)


def read_stamp(path: Path) -> dict[str, str]:
    """Read a stamp; an absent or damaged one counts as empty."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_stamp(path: Path, content: Mapping[str, str]) -> None:
    """Write a stamp in one step: it is whole or it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(dict(content), indent=1))
    partial.replace(path)
