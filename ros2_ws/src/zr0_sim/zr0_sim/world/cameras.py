"""Where the simulated cameras are, and what their pixels see."""

from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import EmbodimentError
from zr0_core.types import FloatArray

from zr0_sim.world.arm_mjcf import FLANGE_BODY


@dataclass(frozen=True, kw_only=True)
class CameraMount:
    """A camera fixed to the world or to a body. It looks from `position` at `target`, `up` is up in the image."""

    body: str
    """Body that carries it; `world` is the arm's base frame."""
    position: tuple[float, float, float]
    """Optical centre in the body's frame, m."""
    target: tuple[float, float, float]
    """A point at the image centre, in the body's frame, m."""
    up: tuple[float, float, float]
    """Direction in the body's frame."""
    vertical_field_of_view: float
    """Whole angle, rad."""

    @property
    def axes(self) -> FloatArray:
        """Right, up and backward of the image in the body's frame, the rows of (3, 3)."""
        backward = np.subtract(self.position, self.target)
        backward = backward / np.linalg.norm(backward)
        right = np.cross(self.up, backward)
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(backward, right), backward])


MOUNTS = {
    "front": CameraMount(
        body="world",
        position=(1.12, 0.42, 0.78),
        target=(0.24, 0.0, 0.24),
        up=(0.0, 0.0, 1.0),
        vertical_field_of_view=0.84,
    ),
    "wrist": CameraMount(
        body=FLANGE_BODY,
        position=(0.088, 0.0, 0.062),
        target=(0.022, 0.0, 0.172),
        up=(1.0, 0.0, 0.0),
        vertical_field_of_view=1.25,
    ),
}


def camera_mount(camera: Camera, embodiment: Embodiment) -> CameraMount:
    """Look up where a camera of an embodiment is mounted.

    Raises:
        EmbodimentError: The simulator has no place for a camera of this name.
    """
    if camera.name not in MOUNTS:
        raise EmbodimentError(
            f"the simulator has no mount for camera {camera.name!r} of embodiment {embodiment.name!r}; "
            f"available: {', '.join(MOUNTS)}; add it to world/cameras.py"
        )
    return MOUNTS[camera.name]


def ray_directions(width: int, height: int, vertical_field_of_view: float) -> FloatArray:
    """Return the unit direction of every pixel's ray, (height, width, 3): right, up, backward of the camera.

    Args:
        width: Image width, pixels.
        height: Image height, pixels.
        vertical_field_of_view: Whole angle, rad.
    """
    focal = height / 2.0 / np.tan(vertical_field_of_view / 2.0)
    x = (np.arange(width) + 0.5 - width / 2.0) / focal
    y = (height / 2.0 - np.arange(height) - 0.5) / focal
    rays = np.empty((height, width, 3))
    rays[..., 0] = x[None, :]
    rays[..., 1] = y[:, None]
    rays[..., 2] = -1.0
    return np.asarray(rays / np.linalg.norm(rays, axis=2, keepdims=True))


def project(
    point: FloatArray, position: FloatArray, axes: FloatArray, camera: Camera, vertical_field_of_view: float
) -> tuple[float, float]:
    """Return where a camera sees a point: column and row, pixels, the upper left corner being (0, 0).

    Args:
        point: (3,), m.
        position: Optical centre in the same frame, (3,), m.
        axes: Right, up, backward of the image in the same frame, the rows of (3, 3).
        camera: Gives the image size.
        vertical_field_of_view: Whole angle, rad.

    Raises:
        ValueError: The point is behind the camera.
    """
    right, up, backward = axes @ (point - position)
    if backward >= 0.0:
        raise ValueError(f"point {point.tolist()} is behind camera {camera.name!r}")
    focal = camera.height / 2.0 / np.tan(vertical_field_of_view / 2.0)
    return camera.width / 2.0 - focal * right / backward, camera.height / 2.0 + focal * up / backward
