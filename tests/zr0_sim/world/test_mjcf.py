import math

import numpy as np
import pytest
from zr0_core.kinematics import rotation_from_rpy
from zr0_sim.world.mjcf import numbers, quaternion, quaternion_from_rpy


def test_numbers_are_written_in_order() -> None:
    assert numbers([1, 0.5, -2e-3]) == "1 0.5 -0.002"
    assert numbers(np.eye(2)) == "1 0 0 1"


@pytest.mark.parametrize(
    ("rpy", "expected"),
    [
        ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
        ((math.pi / 2, 0.0, 0.0), (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)),
        ((0.0, 0.0, -math.pi / 2), (math.sqrt(0.5), 0.0, 0.0, -math.sqrt(0.5))),
    ],
)
def test_known_quaternions(rpy: tuple[float, float, float], expected: tuple[float, ...]) -> None:
    np.testing.assert_allclose(quaternion_from_rpy(rpy), expected, atol=1e-12)


def test_a_quaternion_turns_as_its_matrix_does() -> None:
    rng = np.random.default_rng(2)
    for angles in [*rng.uniform(-math.pi, math.pi, (50, 3)), (math.pi, 0.0, 0.3), (0.0, math.pi, 0.0)]:
        rotation = rotation_from_rpy(*angles)
        w, *axis = quaternion(rotation)
        vector = rng.normal(size=3)
        turned = vector + 2 * w * np.cross(axis, vector) + 2 * np.cross(axis, np.cross(axis, vector))
        np.testing.assert_allclose(turned, rotation @ vector, atol=1e-9)
        assert w >= 0.0
