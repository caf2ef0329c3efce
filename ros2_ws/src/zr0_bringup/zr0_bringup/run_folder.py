"""The folder that a run leaves behind."""

import datetime as dt
import itertools
from pathlib import Path


def make_run_folder(parent: Path) -> Path:
    """Make a folder named after the present local time; a number is added if that exists.

    Args:
        parent: Folder of all runs, made if absent.
    """
    name = dt.datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S")
    parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder.resolve()
    raise AssertionError
