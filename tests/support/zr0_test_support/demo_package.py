"""An ament package made for one test out of a few lines of Python per executable."""

import sys
from collections.abc import Mapping
from pathlib import Path


def write_demo_package(prefix: Path, package: str, executables: Mapping[str, str]) -> None:
    """Write a package whose executables are Python programs.

    Args:
        prefix: Install prefix, to be put into AMENT_PREFIX_PATH.
        package: Its name.
        executables: Program text by executable name.
    """
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / package
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    folder = prefix / "lib" / package
    folder.mkdir(parents=True)
    for name, text in executables.items():
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
