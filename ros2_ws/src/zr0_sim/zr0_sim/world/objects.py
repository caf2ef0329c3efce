"""Objects that a task puts on the table, as data."""

from dataclasses import dataclass
from enum import StrEnum

Rgb = tuple[float, float, float]


class Shape(StrEnum):
    """Primitive shapes, named as MuJoCo names them."""

    BOX = "box"
    CYLINDER = "cylinder"
    SPHERE = "sphere"
    CAPSULE = "capsule"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One primitive of an object."""

    shape: Shape
    """Its shape."""
    size: tuple[float, ...]
    """Half lengths of a box; radius and half length of a cylinder or capsule; radius of a sphere. m."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Its centre in the object's frame, m."""
    rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Its orientation in the object's frame, fixed-axis angles, rad."""
    rgb: Rgb
    """Colour, each in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """A named object: something to move, or a place to move it to."""

    name: str
    """Words joined by underscores, as an instruction would call it: `red_cube`."""
    parts: tuple[Part, ...]
    """What it is made of."""
    mass: float = 0.05
    """kg. Without meaning for an object that is not movable."""
    is_movable: bool = True
    """Whether physics moves it; otherwise it stays where the task puts it."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError(f"object {self.name!r} has no parts")
        if self.is_movable and not self.mass > 0.0:
            raise ValueError(f"object {self.name!r}: mass is {self.mass} kg, expected more than 0")
