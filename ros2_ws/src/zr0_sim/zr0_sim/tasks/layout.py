"""Draw where objects lie so that they stay clear of each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from zr0_core.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where one object may lie."""

    x: tuple[float, float]
    """Least and greatest, m, base frame."""
    y: tuple[float, float]
    """Least and greatest, m, base frame."""
    height: float
    """Of the object's frame above the table when it rests, m."""
    clearance: float
    """Radius that no other object's radius may overlap, m."""
    yaw: tuple[float, float] = (-math.pi / 4, math.pi / 4)
    """Least and greatest turn about the vertical, rad."""


def draw_layout(regions: Mapping[str, Region], rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draw a pose (x, y, z, qw, qx, qy, qz) for each object.

    Args:
        regions: Where each may lie, in the order in which they are drawn.
        rng: Source of randomness.

    Raises:
        ValueError: The regions are so crowded that no layout was found in 1000 draws.
    """
    for _ in range(1000):
        poses: dict[str, FloatArray] = {}
        for name, region in regions.items():
            x, y = rng.uniform(*region.x), rng.uniform(*region.y)
            half = rng.uniform(*region.yaw) / 2.0
            poses[name] = np.array([x, y, region.height, math.cos(half), 0.0, 0.0, math.sin(half)])
        if _is_clear(poses, regions):
            return poses
    raise ValueError(f"no clear layout of {', '.join(regions)} in 1000 draws; enlarge the regions or lessen clearances")


def _is_clear(poses: Mapping[str, FloatArray], regions: Mapping[str, Region]) -> bool:
    names = list(poses)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            distance = float(np.linalg.norm(poses[first][:2] - poses[second][:2]))
            if distance < regions[first].clearance + regions[second].clearance:
                return False
    return True
