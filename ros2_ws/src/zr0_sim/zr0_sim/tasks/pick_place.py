"""Pick up the cube of the named colour and put it into the bin."""

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.tasks.layout import Region, draw_layout
from zr0_sim.tasks.task import Judgement, TaskSetup
from zr0_sim.world.objects import Part, Rgb, SceneObject, Shape
from zr0_sim.world.table_view import TableState

CUBE_SIZE = 0.04
"""Edge, m."""
CUBE_COLOURS: dict[str, Rgb] = {"red": (0.84, 0.12, 0.12), "green": (0.10, 0.62, 0.24), "yellow": (0.96, 0.78, 0.08)}
BIN_NAME = "blue_bin"
BIN_RGB = (0.13, 0.33, 0.78)
BIN_HALF_SIZE = 0.085
"""Outside, m."""
BIN_WALL = 0.006
"""Thickness of walls and floor, m."""
BIN_HEIGHT = 0.036
"""m."""

HELD_DISTANCE = 0.035
"""A cube whose centre is this close to the tool centre point is between the fingers, m."""
LIFTED_HEIGHT = 0.05
"""Height of a cube's centre that counts as lifted, m."""
RELEASED_DISTANCE = 0.05
"""The tool this far from a cube has let go of it, m."""


class PickPlace:
    """Three cubes and a bin; the seed says which cube is asked for. The other two are distractors.

    Rubric: 20 the tool reaches the cube, 40 the cube is lifted, 70 it is held above the bin, 90 it lies in the bin,
    100 it lies there and the gripper has let go. On the way to reaching it and to the bin the value grows with
    closeness. Lifting a distractor earns nothing.
    """

    name = "pick_place"

    def __init__(self) -> None:
        cubes = tuple(
            SceneObject(
                name=f"{colour}_cube", parts=(Part(shape=Shape.BOX, size=(CUBE_SIZE / 2,) * 3, rgb=rgb),), mass=0.06
            )
            for colour, rgb in CUBE_COLOURS.items()
        )
        self.objects = (*cubes, SceneObject(name=BIN_NAME, parts=_bin_parts(), is_movable=False))

    def set_up(self, seed: int) -> TaskSetup:
        """Draw the asked cube, the side of the bin, and where everything lies."""
        rng = np.random.default_rng(seed)
        colour = str(rng.choice(list(CUBE_COLOURS)))
        side = float(rng.choice([-1.0, 1.0]))
        near, far = sorted((side * 0.20, side * 0.27))
        regions = {BIN_NAME: Region(x=(0.34, 0.46), y=(near, far), height=0.0, clearance=0.125, yaw=(-0.3, 0.3))}
        for name in CUBE_COLOURS:
            regions[f"{name}_cube"] = Region(x=(0.30, 0.50), y=(-0.22, 0.22), height=CUBE_SIZE / 2, clearance=0.06)
        return TaskSetup(
            seed=seed,
            instruction=f"Put the {colour} cube into the blue bin.",
            poses=draw_layout(regions, rng),
            roles={"item": f"{colour}_cube", "target": BIN_NAME},
        )

    def judge(self, setup: TaskSetup, state: TableState) -> Judgement:
        """Judge one moment by the rubric."""
        cube, target = state.objects[setup.roles["item"]], state.objects[setup.roles["target"]]
        tool = state.pose_base_tool[:3, 3]
        reach = float(np.linalg.norm(cube[:3] - tool))
        if _is_inside(cube, target):
            is_released = reach > RELEASED_DISTANCE
            return Judgement(progress=100.0 if is_released else 90.0, is_success=is_released)
        if cube[2] > LIFTED_HEIGHT and reach < HELD_DISTANCE:
            away = float(np.linalg.norm(cube[:2] - target[:2]))
            return Judgement(
                progress=70.0 if away < BIN_HALF_SIZE / 2 else 40.0 + 30.0 * _closeness(away), is_success=False
            )
        return Judgement(progress=20.0 if reach < HELD_DISTANCE else 20.0 * _closeness(reach), is_success=False)


def _closeness(distance: float) -> float:
    """Return 1 at distance 0, falling to 0 at 0.5 m."""
    return max(0.0, 1.0 - distance / 0.5)


def _is_inside(cube: FloatArray, target: FloatArray) -> bool:
    """Tell whether a cube's centre is between the walls of the bin and below their top plus half a cube."""
    w, x, y, z = target[3:]
    yaw = float(np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))
    offset = cube[:2] - target[:2]
    along = np.array(
        [np.cos(yaw) * offset[0] + np.sin(yaw) * offset[1], np.cos(yaw) * offset[1] - np.sin(yaw) * offset[0]]
    )
    is_between = float(np.abs(along).max()) < BIN_HALF_SIZE - BIN_WALL
    return is_between and float(cube[2]) < BIN_WALL + CUBE_SIZE


def _bin_parts() -> tuple[Part, ...]:
    half, wall, height = BIN_HALF_SIZE, BIN_WALL, BIN_HEIGHT
    floor = Part(shape=Shape.BOX, size=(half, half, wall / 2), position=(0, 0, wall / 2), rgb=BIN_RGB)
    walls = [floor]
    rim = tuple(0.82 * value for value in BIN_RGB)
    for sign in (-1.0, 1.0):
        at = sign * (half - wall / 2)
        walls.append(
            Part(
                shape=Shape.BOX,
                size=(wall / 2, half, height / 2),
                position=(at, 0, height / 2),
                rgb=(rim[0], rim[1], rim[2]),
            )
        )
        walls.append(
            Part(
                shape=Shape.BOX,
                size=(half - wall, wall / 2, height / 2),
                position=(0, at, height / 2),
                rgb=(rim[0], rim[1], rim[2]),
            )
        )
    return tuple(walls)
