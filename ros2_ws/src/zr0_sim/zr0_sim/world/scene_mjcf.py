"""The whole scene as one MJCF document: table, lights, cameras, arm, objects."""

import math
import xml.etree.ElementTree as ET
from xml.etree.ElementTree import Element

from zr0_core.embodiment import Embodiment
from zr0_sim.world.arm_mjcf import SURROUNDINGS_BIT, add_arm, numbers, quaternion_from_rpy
from zr0_sim.world.cameras import camera_mount
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
SKY_TOP_RGB = (0.90, 0.93, 0.96)
SKY_BOTTOM_RGB = (0.62, 0.68, 0.75)
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
    world = ET.SubElement(root, "worldbody")
    actuators = ET.SubElement(root, "actuator")
    equality = ET.SubElement(root, "equality")
    _add_surroundings(world)
    flange = add_arm(world, actuators, equality, embodiment)
    for camera in embodiment.cameras:
        mount = camera_mount(camera, embodiment)
        ET.SubElement(
            world if mount.body == "world" else flange,
            "camera",
            name=camera.name,
            pos=numbers(mount.position),
            xyaxes=numbers(mount.axes[:2]),
            fovy=numbers([math.degrees(mount.vertical_field_of_view)]),
        )
    for item in objects:
        _add_object(world, item)
    return ET.tostring(root, encoding="unicode")


def _add_settings(root: Element, embodiment: Embodiment) -> None:
    ET.SubElement(root, "compiler", angle="radian", autolimits="true")
    ET.SubElement(
        root, "option", timestep=numbers([PHYSICS_STEP]), integrator="implicitfast", cone="elliptic", impratio="10"
    )
    visual = ET.SubElement(root, "visual")
    width = max(camera.width for camera in embodiment.cameras)
    height = max(camera.height for camera in embodiment.cameras)
    ET.SubElement(visual, "global", offwidth=str(width), offheight=str(height))
    ET.SubElement(visual, "quality", offsamples="0", shadowsize="0")
    ET.SubElement(visual, "map", znear="0.01", zfar="20")
    ET.SubElement(visual, "headlight", ambient="0.42 0.42 0.42", diffuse="0.22 0.22 0.22", specular="0 0 0")
    asset = ET.SubElement(root, "asset")
    ET.SubElement(
        asset,
        "texture",
        type="skybox",
        builtin="gradient",
        rgb1=numbers(SKY_TOP_RGB),
        rgb2=numbers(SKY_BOTTOM_RGB),
        width="64",
        height="384",
    )


def _add_surroundings(world: Element) -> None:
    ET.SubElement(
        world,
        "light",
        name="sun",
        type="directional",
        dir="-0.45 0.35 -1",
        diffuse="0.52 0.52 0.50",
        specular="0.12 0.12 0.12",
        castshadow="false",
    )
    free = {"contype": "0", "conaffinity": "0"}
    floor = numbers([*FLOOR_RGB, 1])
    ET.SubElement(world, "geom", name="floor", type="plane", size="4 4 0.1", pos="0 0 -0.72", rgba=floor, **free)
    (cx, cy), (hx, hy) = TABLE_CENTRE, TABLE_HALF_SIZE
    # One hidden box collides: contacts with separate planks would catch at their seams.
    ET.SubElement(
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
        ET.SubElement(world, "geom", type="box", size=size, pos=pos, rgba=numbers([*rgb, 1]), **free)
    gaps = numbers([hx - 0.002, hy - 0.002, 0.0185])
    ET.SubElement(world, "geom", type="box", size=gaps, pos=numbers([cx, cy, -0.0205]), rgba="0.42 0.30 0.19 1", **free)
    for sx in (-1, 1):
        for sy in (-1, 1):
            pos = numbers([cx + sx * (hx - 0.05), cy + sy * (hy - 0.05), -0.38])
            ET.SubElement(world, "geom", type="box", size="0.03 0.03 0.34", pos=pos, rgba="0.30 0.32 0.36 1", **free)


def _add_object(world: Element, item: SceneObject) -> None:
    body = ET.SubElement(world, "body", name=item.name)
    if item.is_movable:
        ET.SubElement(body, "freejoint", name=item.name)
    else:
        body.set("mocap", "true")
    for part in item.parts:
        geom = ET.SubElement(
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
