"""Which object an instruction is about, and where it is to go."""

from collections.abc import Iterable
from dataclasses import dataclass

from zr0_core.errors import Zr0Error


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One thing to carry to one place."""

    item: str
    """Name of the object to pick up."""
    target: str
    """Name of the object to put it on or into."""


def errand_from(instruction: str, names: Iterable[str]) -> Errand:
    """Find the item, named first, and the target, named second, in an instruction.

    Args:
        instruction: In words, such as `Put the red cube into the blue bin.`
        names: Objects on the table, such as `red_cube`.

    Raises:
        Zr0Error: The instruction does not name two of them.
    """
    words = instruction.lower()
    known = sorted(names)
    places = {name: words.find(name.replace("_", " ")) for name in known}
    named = sorted((name for name in known if places[name] >= 0), key=lambda name: places[name])
    if len(named) < 2:
        raise Zr0Error(
            f"the scripted policy needs an instruction that names what to pick up and where to put it; "
            f"{instruction!r} names {', '.join(named) or 'neither'}; on the table: {', '.join(known)}"
        )
    return Errand(item=named[0], target=named[1])
