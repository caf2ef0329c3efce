"""Dynamic constants of the arms that the embodiment file does not carry.

Source: UFACTORY's published dynamic model ("Model 3") and URDF effort limits.
"""

from dataclasses import dataclass

from zr0_core.embodiment import Embodiment
from zr0_core.errors import EmbodimentError

GRIPPER_BASE_MASS = 0.542
"""kg."""
FINGER_MASS = 0.105
"""Knuckle and finger of one side, kg."""
GRIPPER_STROKE = 0.085
"""Distance between the pads when open, m."""
LINK_INERTIA = (0.004, 0.004, 0.002)
"""Diagonal inertia given to every link about its centre of mass, kg m^2."""
ARMATURE = 0.1
"""Reflected inertia of each joint drive, kg m^2."""


@dataclass(frozen=True, kw_only=True)
class LinkDynamics:
    """One moving link."""

    mass: float
    """kg."""
    centre_of_mass: tuple[float, float, float]
    """In the frame of the link's joint, m."""
    effort_limit: float
    """Largest torque of the joint that carries the link, N m."""


def _links(
    masses: tuple[float, ...], centres_mm: tuple[tuple[float, float, float], ...], efforts: tuple[float, ...]
) -> tuple[LinkDynamics, ...]:
    return tuple(
        LinkDynamics(mass=mass, centre_of_mass=(x / 1e3, y / 1e3, z / 1e3), effort_limit=effort)
        for mass, (x, y, z), effort in zip(masses, centres_mm, efforts, strict=True)
    )


LINK_DYNAMICS = {
    "xarm6": _links(
        (2.382, 2.267, 1.875, 1.319, 1.34, 0.17),
        (
            (0.13, 29.4, -12.4),
            (38.8, -227.8, 34.96),
            (70.4, 116.3, 10.7),
            (-0.2, 18.0, -22.9),
            (65.1, 30.96, 3.15),
            (0.0, -6.77, -10.98),
        ),
        (50.0, 50.0, 32.0, 32.0, 32.0, 20.0),
    ),
    "xarm7": _links(
        (2.382, 1.869, 1.638, 1.727, 1.32, 1.325, 0.17),
        (
            (0.13, 29.4, -12.4),
            (0.2, -128.56, 17.35),
            (46.6, -24.63, -7.68),
            (70.5, -115.75, 12.0),
            (-0.32, 16.04, -26.0),
            (64.7, 32.8, 21.4),
            (0.0, -6.77, -10.98),
        ),
        (50.0, 50.0, 30.0, 30.0, 30.0, 20.0, 20.0),
    ),
}


def link_dynamics(embodiment: Embodiment) -> tuple[LinkDynamics, ...]:
    """Look up the dynamics of an embodiment's links, N of them, base to flange.

    Raises:
        EmbodimentError: There are no constants for this arm model, or they are for another number of joints.
    """
    model, num_joints = embodiment.arm.model, len(embodiment.arm.joints)
    if model not in LINK_DYNAMICS:
        raise EmbodimentError(
            f"the simulator has no masses for arm.model {model!r} of embodiment {embodiment.name!r}; "
            f"available: {', '.join(LINK_DYNAMICS)}; add it to world/arm_parameters.py"
        )
    links = LINK_DYNAMICS[model]
    if len(links) != num_joints:
        raise EmbodimentError(
            f"arm.model {model!r} has {len(links)} joints, but embodiment {embodiment.name!r} declares {num_joints}"
        )
    return links
