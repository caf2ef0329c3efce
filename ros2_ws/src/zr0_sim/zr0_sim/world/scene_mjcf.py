"""The whole scene as one MJCF document: table, lights, cameras, arm, objects."""

import math
import xml.etree.ElementTree as ET
from xml.etree.ElementTree import Element

from zr0_core.embodiment import Embodiment

from zr0_sim.world.arm_mjcf import SURROUNDINGS_BIT, add_arm
from zr0_sim.world.cameras import camera_mount
from zr0_sim.world.mjcf import add, numbers, quaternion_from_rpy
from zr0_sim.world.objects import SceneObject

PHYSICS_STEP = 0.002
"""s."""
TABLE_CENTRE = (0.34, 0.0)
"""m, base frame. The table top is at height 0."""
TABLE_HALF_SIZE = (0.46, 0.56)
"""m."""
PLANKS = (
    (0.80, 0.62, 0.42),
    (0.76, 0.58, 0.385),
    (0.82, 0.645, 0.445),
    (0.78, 0.60, 0.40),
    (0.745, 0.57, 0.375),
    (0.81, 0.63, 0.43),
    (0.77, 0.59, 0.395),
)
"""Colour of each plank of the table top."""
FLOOR_RGB = (0.56, 0.59, 0.63)
FLOOR_HEIGHT = -0.72
"""m."""
WALL_RGB = (0.93, 0.95, 0.98)
WALLS = (
    ((-2.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
    ((2.8, 0.0, 0.0), (-1.0, 0.0, 0.0)),
    ((0.0, -2.4, 0.0), (0.0, 1.0, 0.0)),
    ((0.0, 2.4, 0.0), (0.0, -1.0, 0.0)),
    ((0.0, 0.0, 2.4), (0.0, 0.0, -1.0)),
)
"""A point of each wall and of the ceiling, m, and the direction it faces."""
HIDDEN_GROUP = 4
"""Geom group of shapes that collide but are not drawn."""


def scene_mjcf(embodiment: Embodiment, objects: tuple[SceneObject, ...]) -> str:
    """Write the scene as an MJCF document.

    Args:
        embodiment: The robot; gives arm, gripper and cameras.
        objects: What lies on the table. Each becomes a body of its name.

    Raises:
        EmbodimentError: The arm model or a camera name is unknown to the simulator.
        ValueError: Two objects have the same name.
    """
    names = [item.name for item in objects]
    if len(set(names)) != len(names):
        raise ValueError(f"object names must be unique, got {names}")
    root = ET.Element("mujoco", model=f"{embodiment.name} table")
    _add_settings(root, embodiment)
    world = add(root, "worldbody")
    actuators = add(root, "actuator")
    equality = add(root, "equality")
    _add_surroundings(world)
    flange = add_arm(world, actuators, equality, embodiment)
    for camera in embodiment.cameras:
        mount = camera_mount(camera, embodiment)
        add(
            world if mount.body == "world" else flange,
            "camera",
            name=camera.name,
            pos=numbers(mount.position),
            xyaxes=numbers(mount.axes[:2]),
            fovy=numbers([math.degrees(mount.vertical_field_of_view)]),
        )
    for item in objects:
        _add_object(world, item)
    _add_room(world)
    return ET.tostring(root, encoding="unicode")


def _add_settings(root: Element, embodiment: Embodiment) -> None:
    add(root, "compiler", angle="radian", autolimits="true")
    add(root, "option", timestep=numbers([PHYSICS_STEP]), integrator="implicitfast", cone="elliptic", impratio="10")
    visual = add(root, "visual")
    width = max(camera.width for camera in embodiment.cameras)
    height = max(camera.height for camera in embodiment.cameras)
    add(visual, "global", offwidth=str(width), offheight=str(height))
    add(visual, "quality", offsamples="0", shadowsize="0", numslices="16", numstacks="8", numquads="1")
    add(visual, "map", znear="0.01", zfar="20")
    add(visual, "headlight", ambient="0.46 0.46 0.46", diffuse="0.22 0.22 0.22", specular="0 0 0")


def _add_surroundings(world: Element) -> None:
    add(
        world,
        "light",
        name="sun",
        type="directional",
        dir="-0.45 0.35 -1",
        diffuse="0.48 0.48 0.46",
        specular="0.12 0.12 0.12",
        castshadow="false",
    )
    free = {"contype": "0", "conaffinity": "0"}
    (cx, cy), (hx, hy) = TABLE_CENTRE, TABLE_HALF_SIZE
    # One hidden box collides: contacts with separate planks would catch at their seams.
    add(
        world,
        "geom",
        name="table",
        type="box",
        size=numbers([hx, hy, 0.02]),
        pos=numbers([cx, cy, -0.02]),
        group=str(HIDDEN_GROUP),
        rgba="0.8 0.6 0.4 0",
        friction="0.8 0.01 0.0005",
        contype=str(SURROUNDINGS_BIT),
        conaffinity=str(SURROUNDINGS_BIT),
    )
    half = hy / len(PLANKS)
    for index, rgb in enumerate(PLANKS):
        pos = numbers([cx, cy - hy + half * (2 * index + 1), -0.02])
        size = numbers([hx, half - 0.0008, 0.02])
        add(world, "geom", type="box", size=size, pos=pos, rgba=numbers([*rgb, 1]), **free)
    gaps = numbers([hx - 0.002, hy - 0.002, 0.0185])
    add(world, "geom", type="box", size=gaps, pos=numbers([cx, cy, -0.0205]), rgba="0.42 0.30 0.19 1", **free)
    for sx in (-1, 1):
        for sy in (-1, 1):
            pos = numbers([cx + sx * (hx - 0.05), cy + sy * (hy - 0.05), -0.38])
            add(world, "geom", type="box", size="0.03 0.03 0.34", pos=pos, rgba="0.30 0.32 0.36 1", **free)


def _add_room(world: Element) -> None:
    """Add floor, walls and ceiling: plain planes cost half of what a sky costs.

    They come last, so that what stands before them is drawn first and their hidden part is never coloured.
    """
    room = add(world, "body", name="room")
    free = {"contype": "0", "conaffinity": "0"}
    pos, rgba = numbers([0, 0, FLOOR_HEIGHT]), numbers([*FLOOR_RGB, 1])
    add(room, "geom", name="floor", type="plane", size="4 4 1", pos=pos, rgba=rgba, **free)
    for point, facing in WALLS:
        rgba = numbers([*WALL_RGB, 1])
        add(room, "geom", type="plane", size="4 4 1", pos=numbers(point), zaxis=numbers(facing), rgba=rgba, **free)


def _add_object(world: Element, item: SceneObject) -> None:
    body = add(world, "body", name=item.name)
    if item.is_movable:
        add(body, "freejoint", name=item.name)
    else:
        body.set("mocap", "true")
    for part in item.parts:
        geom = add(
            body,
            "geom",
            type=part.shape.value,
            size=numbers(part.size),
            pos=numbers(part.position),
            quat=numbers(quaternion_from_rpy(part.rpy)),
            rgba=numbers([*part.rgb, 1]),
            condim="4",
            friction="0.8 0.01 0.0005",
            contype=str(SURROUNDINGS_BIT),
            conaffinity=str(SURROUNDINGS_BIT),
        )
        if item.is_movable:
            geom.set("mass", numbers([item.mass / len(item.parts)]))
