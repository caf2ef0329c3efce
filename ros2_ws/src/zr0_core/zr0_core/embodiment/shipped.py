"""The embodiments that come with the package."""

import difflib
from importlib import resources

from zr0_core.errors import EmbodimentError

_FOLDER = resources.files("zr0_core").joinpath("embodiments")


def shipped_embodiments() -> tuple[str, ...]:
    """Names of the embodiments that come with the package, sorted."""
    return tuple(sorted(entry.name[:-5] for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml")))


def shipped_text(name: str) -> str:
    """Return the YAML text of a shipped embodiment.

    Raises:
        EmbodimentError: No such name.
    """
    shipped = shipped_embodiments()
    if name not in shipped:
        close = difflib.get_close_matches(name, shipped, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise EmbodimentError(
            f"no embodiment named {name!r}; {hint}available: {', '.join(shipped)}; or give the path of a .yaml file"
        )
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
