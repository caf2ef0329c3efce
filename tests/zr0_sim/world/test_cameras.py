import dataclasses

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import EmbodimentError
from zr0_sim.world.cameras import MOUNTS, camera_mount, project, ray_directions

EMBODIMENT = Embodiment.load("xarm7_gripper")
FRONT, WRIST = EMBODIMENT.cameras


@pytest.mark.parametrize("name", list(MOUNTS))
def test_axes_are_a_right_handed_frame_looking_at_the_target(name: str) -> None:
    mount = MOUNTS[name]
    np.testing.assert_allclose(mount.axes @ mount.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(mount.axes) == pytest.approx(1.0)
    ahead = np.subtract(mount.target, mount.position)
    np.testing.assert_allclose(-mount.axes[2], ahead / np.linalg.norm(ahead), atol=1e-12)


def test_the_target_projects_onto_the_middle_of_the_image() -> None:
    mount = MOUNTS["front"]
    column, row = project(
        np.array(mount.target), np.array(mount.position), mount.axes, FRONT, mount.vertical_field_of_view
    )
    assert (column, row) == pytest.approx((320.0, 240.0))


def test_projection_undoes_the_rays() -> None:
    width, height, angle = 640, 480, 0.9
    rays = ray_directions(width, height, angle)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=2), 1.0)
    for row, column in ((0, 0), (100, 500), (479, 639)):
        seen = project(rays[row, column] * 0.7, np.zeros(3), np.eye(3), FRONT, angle)
        assert seen == pytest.approx((column + 0.5, row + 0.5))


def test_the_field_of_view_is_the_angle_between_the_upper_and_lower_edge() -> None:
    rays = ray_directions(3, 1001, 1.0)
    assert np.arccos(rays[0, 1] @ rays[-1, 1]) == pytest.approx(1.0, abs=2e-3)


def test_a_point_behind_the_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="behind camera 'front'"):
        project(np.array([0.0, 0.0, 1.0]), np.zeros(3), np.eye(3), FRONT, 1.0)


def test_an_unknown_camera_is_refused() -> None:
    side = dataclasses.replace(FRONT, name="side")
    with pytest.raises(EmbodimentError, match=r"no mount for camera 'side' .* available: front, wrist"):
        camera_mount(side, EMBODIMENT)
