"""Rendering without any graphics library: one ray per pixel through MuJoCo's collision code."""

import mujoco
import numpy as np
from numpy.typing import NDArray
from zr0_core.types import FloatArray, ImageArray

from zr0_sim.world.cameras import camera_mount, ray_directions
from zr0_sim.world.renderer import Backend
from zr0_sim.world.scene_mjcf import HIDDEN_GROUP
from zr0_sim.world.snapshot import Snapshot
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

MAX_WIDTH = 320
"""Rays across an image; larger images are enlarged from fewer rays, to keep a useful rate."""


class RaycastRenderer:
    """Renders cameras by casting rays, with the scene's colours and lights, without shadows.

    Args:
        world: The scene.
    """

    backend = Backend.RAYCAST

    def __init__(self, world: World) -> None:
        self._world = world
        self._view = TableView(world)
        cameras = {camera.name: camera for camera in world.embodiment.cameras}
        self._strides = {name: -(-camera.width // MAX_WIDTH) for name, camera in cameras.items()}
        self._rays = {
            name: ray_directions(
                -(-camera.width // self._strides[name]),
                -(-camera.height // self._strides[name]),
                camera_mount(camera, world.embodiment).vertical_field_of_view,
            )
            for name, camera in cameras.items()
        }
        self._groups = np.ones(6, dtype=np.uint8)
        self._groups[HIDDEN_GROUP] = 0

    def render(self, camera: str, snapshot: Snapshot) -> ImageArray:
        """Return the image of a camera, (height, width, 3), red first, at its size in the embodiment.

        Raises:
            ValueError: The embodiment has no such camera.
        """
        size = self._view.pose_camera(camera, snapshot)
        lens = self._view.data.camera(camera)
        height, width, _ = self._rays[camera].shape
        rays = self._rays[camera].reshape(-1, 3) @ lens.xmat.reshape(3, 3).T
        geoms = np.empty(len(rays), dtype=np.int32)
        distances = np.empty(len(rays))
        normals = np.empty((len(rays), 3))
        mujoco.mj_multiRay(
            self._world.model,
            self._view.data,
            lens.xpos.copy(),
            rays.ravel(),
            self._groups,
            True,
            -1,
            geoms,
            distances,
            normals.reshape(-1),
            len(rays),
            mujoco.mjMAXVAL,
        )
        colours = np.where(geoms[:, None] >= 0, self._shade(geoms, rays, normals), 0.0)
        image = (np.clip(colours, 0.0, 1.0) * 255.0).astype(np.uint8).reshape(height, width, 3)
        stride = self._strides[camera]
        if stride > 1:
            image = image.repeat(stride, axis=0).repeat(stride, axis=1)
        return np.ascontiguousarray(image[: size.height, : size.width])

    def close(self) -> None:
        """Free what the renderer holds: nothing."""

    def _shade(self, geoms: NDArray[np.int32], rays: FloatArray, normals: FloatArray) -> FloatArray:
        """Return the lit colour (R, 3) of what each ray hit: ambient, headlight and the directional lights."""
        model = self._world.model
        headlight = model.vis.headlight
        facing = np.clip(-np.einsum("ij,ij->i", normals, rays), 0.0, 1.0)
        light = headlight.ambient[None, :] + facing[:, None] * headlight.diffuse[None, :]
        for index in range(model.nlight):
            towards = np.clip(-(normals @ self._view.data.light_xdir[index]), 0.0, 1.0)
            light = light + towards[:, None] * model.light_diffuse[index][None, :]
        return np.asarray(model.geom_rgba[geoms, :3] * light)
