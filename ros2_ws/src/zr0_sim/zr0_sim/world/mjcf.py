"""Writing MJCF, MuJoCo's scene format."""

import xml.etree.ElementTree as ET
from xml.etree.ElementTree import Element

import numpy as np
from zr0_core.kinematics import rotation_from_rpy
from zr0_core.types import FloatArray


def add(parent: Element, tag: str, **attributes: str) -> Element:
    """Add a child element with attributes."""
    return ET.SubElement(parent, tag, attributes)


def numbers(values: object) -> str:
    """Write numbers as MJCF wants them."""
    return " ".join(f"{float(value):.9g}" for value in np.ravel(np.asarray(values, dtype=np.float64)))


def quaternion(rotation: FloatArray) -> FloatArray:
    """Return the unit quaternion (w, x, y, z), w >= 0, of a rotation matrix (3, 3)."""
    # The eigenvector of the largest eigenvalue, numerically sound at every angle. Source: Bar-Itzhack (2000).
    m = rotation
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0]],
            [m[0, 2] - m[2, 0], m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], m[1, 2] + m[2, 1]],
            [m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    vector = np.linalg.eigh(k)[1][:, -1]
    return np.asarray(vector if vector[0] >= 0.0 else -vector)


def quaternion_from_rpy(rpy: tuple[float, float, float]) -> FloatArray:
    """Return the unit quaternion (w, x, y, z) of fixed-axis angles in rad."""
    return quaternion(rotation_from_rpy(*rpy))
