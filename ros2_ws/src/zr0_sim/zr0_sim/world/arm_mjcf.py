"""The arm and its gripper as MJCF of primitive shapes, generated from the embodiment.

Contacts are filtered by bits: surroundings and objects (1), proximal links (2), distal links and gripper (4). Distal
parts collide with everything but each other, so a folded arm feels itself, and neighbours that overlap do not.
"""

from xml.etree.ElementTree import Element

import numpy as np
from zr0_core.embodiment import Embodiment, Joint
from zr0_core.types import FloatArray

from zr0_sim.world.arm_parameters import (
    ARMATURE,
    FINGER_MASS,
    GRIPPER_BASE_MASS,
    GRIPPER_STROKE,
    LINK_INERTIA,
    LinkDynamics,
    link_dynamics,
)
from zr0_sim.world.mjcf import add, numbers, quaternion_from_rpy

SURROUNDINGS_BIT, PROXIMAL_BIT, DISTAL_BIT = 1, 2, 4
NUM_PROXIMAL_LINKS = 2

WHITE = "0.93 0.93 0.95 1"
SILVER = "0.66 0.69 0.74 1"
GREY = "0.34 0.36 0.41 1"
DARK = "0.13 0.14 0.17 1"
RUBBER = "0.22 0.23 0.26 1"

NATURAL_FREQUENCY = 100.0
"""Of each joint's position loop, rad/s."""
DAMPING_RATIO = 1.0
FINGER_STIFFNESS = 3000.0
"""N/m."""
FINGER_DAMPING = 60.0
"""N s/m."""
FINGER_FORCE = 45.0
"""Largest grip force, N, shared by both fingers."""
PAD_TIP = 0.177
"""Fingertips from the flange along the tool axis, m: 5 mm beyond the tool centre point."""

FLANGE_BODY = "flange"
FINGER_JOINTS = ("left_finger", "right_finger")
GRIPPER_ACTUATOR = "gripper"
PAD_GEOMS = ("left_pad", "right_pad")


def add_arm(world: Element, actuators: Element, equality: Element, embodiment: Embodiment) -> Element:
    """Add the arm and gripper to an MJCF document.

    Args:
        world: The worldbody element; the arm's base frame is the world frame.
        actuators: The actuator element; gets one position actuator per joint and one for the gripper.
        equality: The equality element; gets the coupling of the fingers.
        embodiment: The robot.

    Returns:
        The flange's body element, for what is mounted on it.

    Raises:
        EmbodimentError: No dynamic constants are known for this arm model.
    """
    dynamics = link_dynamics(embodiment)
    joints = embodiment.arm.joints
    _add_base(world, joints[0])
    parent = world
    for index, (joint, link) in enumerate(zip(joints, dynamics, strict=True)):
        parent = _add_link(parent, joint, link)
        bits = _collision_bits(index)
        if index + 1 < len(joints):
            _add_link_shape(parent, joints[index + 1], bits, index)
        inertia = float(np.max(_joint_inertia(embodiment)[index]))
        add(
            actuators,
            "position",
            name=joint.name,
            joint=joint.name,
            kp=numbers([inertia * NATURAL_FREQUENCY**2]),
            kv=numbers([2.0 * DAMPING_RATIO * inertia * NATURAL_FREQUENCY]),
            forcerange=numbers([-link.effort_limit, link.effort_limit]),
        )
    flange = add(parent, "body", name=FLANGE_BODY, gravcomp="1")
    _add_gripper(flange)
    add(equality, "joint", joint1=FINGER_JOINTS[1], joint2=FINGER_JOINTS[0], polycoef="0 1 0 0 0", solref="0.004 1")
    add(
        actuators,
        "position",
        name=GRIPPER_ACTUATOR,
        joint=FINGER_JOINTS[0],
        kp=numbers([FINGER_STIFFNESS]),
        kv=numbers([FINGER_DAMPING]),
        forcerange=numbers([-FINGER_FORCE, FINGER_FORCE]),
    )
    return flange


def _joint_inertia(embodiment: Embodiment) -> FloatArray:
    """Return each joint's own inertia (N,), kg m^2, with the arm at home and the gripper mounted."""
    dynamics = link_dynamics(embodiment)
    frames = embodiment.chain.joint_frames(embodiment.home)
    masses = [link.mass for link in dynamics]
    points = [frames[i] @ np.array([*link.centre_of_mass, 1.0]) for i, link in enumerate(dynamics)]
    masses.append(GRIPPER_BASE_MASS + 2.0 * FINGER_MASS)
    points.append(frames[-2] @ np.array([0.0, 0.0, 0.06, 1.0]))
    inertia = np.full(len(dynamics), ARMATURE)
    for joint in range(len(dynamics)):
        origin, axis = frames[joint][:3, 3], frames[joint][:3, 2]
        for body in range(joint, len(masses)):
            arm = np.cross(axis, points[body][:3] - origin)
            inertia[joint] += masses[body] * float(arm @ arm)
    return inertia


def _collision_bits(index: int) -> dict[str, str]:
    if index < NUM_PROXIMAL_LINKS:
        return {"contype": str(PROXIMAL_BIT), "conaffinity": str(SURROUNDINGS_BIT)}
    if index < NUM_PROXIMAL_LINKS + 2:  # the elbow passes close to both ends and carries no tool
        return {"contype": "0", "conaffinity": str(SURROUNDINGS_BIT)}
    return {"contype": str(DISTAL_BIT), "conaffinity": str(SURROUNDINGS_BIT | PROXIMAL_BIT)}


def _add_base(world: Element, first: Joint) -> None:
    height = first.origin_xyz[2]
    base = add(world, "body", name="base")
    free = {"contype": "0", "conaffinity": "0"}
    add(base, "geom", type="cylinder", size="0.085 0.012", pos="0 0 0.012", rgba=SILVER, **free)
    bits = {"contype": str(PROXIMAL_BIT), "conaffinity": "0"}
    size, pos = numbers([0.062, height / 2 - 0.035]), numbers([0, 0, height / 2 - 0.02])
    add(base, "geom", name="base", type="cylinder", size=size, pos=pos, rgba=WHITE, **bits)
    ring = numbers([0, 0, height - 0.052])
    add(base, "geom", type="cylinder", size="0.064 0.006", pos=ring, rgba=GREY, **free)


def _add_link(parent: Element, joint: Joint, link: LinkDynamics) -> Element:
    quat = numbers(quaternion_from_rpy(joint.origin_rpy))
    body = add(parent, "body", name=joint.name, pos=numbers(joint.origin_xyz), quat=quat, gravcomp="1")
    pos, inertia = numbers(link.centre_of_mass), numbers(LINK_INERTIA)
    add(body, "inertial", pos=pos, mass=numbers([link.mass]), diaginertia=inertia)
    limits = numbers([joint.lower, joint.upper])
    add(body, "joint", name=joint.name, type="hinge", axis="0 0 1", range=limits, armature=numbers([ARMATURE]))
    return body


def _add_link_shape(body: Element, child: Joint, bits: dict[str, str], index: int) -> None:
    """Draw a link as a housing around its joint and limbs along x, then y, then z to the next joint."""
    radius = 0.056 - 0.0035 * index
    housing = numbers([radius * 1.02, radius * 0.95])
    add(body, "geom", type="cylinder", size=housing, rgba=GREY, contype="0", conaffinity="0")
    start = np.zeros(3)
    for axis in range(3):
        offset = np.zeros(3)
        offset[axis] = child.origin_xyz[axis]
        end = start + offset
        length = float(np.abs(offset[axis]))
        if length > 1e-6:
            fromto = numbers([*start, *end])
            add(body, "geom", type="capsule", fromto=fromto, size=numbers([radius * 0.92]), rgba=WHITE, **bits)
        start = end


def _add_gripper(flange: Element) -> None:
    free = {"contype": "0", "conaffinity": "0"}
    solid = {"contype": str(DISTAL_BIT), "conaffinity": str(SURROUNDINGS_BIT | PROXIMAL_BIT)}
    add(flange, "inertial", pos="0 0 0.06", mass=numbers([GRIPPER_BASE_MASS]), diaginertia="0.0008 0.0008 0.0004")
    add(flange, "geom", type="cylinder", size="0.036 0.012", pos="0 0 0.006", rgba=SILVER, **free)
    add(flange, "geom", type="box", size="0.028 0.05 0.034", pos="0 0 0.052", rgba=DARK, **solid)
    add(flange, "geom", type="box", size="0.0285 0.03 0.006", pos="0 0 0.04", rgba=SILVER, **free)
    for name, side in zip(FINGER_JOINTS, (1.0, -1.0), strict=True):
        _add_finger(flange, name, side, solid)


def _add_finger(flange: Element, name: str, side: float, solid: dict[str, str]) -> None:
    """Add one finger. At slide position 0 the pad is at the tool axis; positive opens."""
    finger = add(flange, "body", name=name, gravcomp="1")
    add(
        finger,
        "inertial",
        pos=numbers([0, side * 0.015, 0.12]),
        mass=numbers([FINGER_MASS]),
        diaginertia="0.0001 0.0001 0.00005",
    )
    add(
        finger,
        "joint",
        name=name,
        type="slide",
        axis=numbers([0, side, 0]),
        range=numbers([-0.0005, GRIPPER_STROKE / 2 + 0.0005]),
        armature="0.05",
        damping="1",
    )
    rail = {"contype": "0", "conaffinity": "0", "rgba": GREY}
    add(finger, "geom", type="box", size="0.016 0.011 0.02", pos=numbers([0, side * 0.017, 0.098]), **rail)
    add(
        finger,
        "geom",
        type="box",
        size="0.011 0.006 0.034",
        pos=numbers([0, side * 0.013, PAD_TIP - 0.036]),
        rgba=SILVER,
        **solid,
    )
    add(
        finger,
        "geom",
        name=PAD_GEOMS[0] if side > 0 else PAD_GEOMS[1],
        type="box",
        size="0.012 0.0035 0.022",
        pos=numbers([0, side * 0.0035, PAD_TIP - 0.022]),
        rgba=RUBBER,
        condim="4",
        friction="1.6 0.05 0.001",
        solref="0.006 1",
        priority="1",
        **solid,
    )
