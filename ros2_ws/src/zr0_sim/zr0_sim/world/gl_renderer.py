"""Rendering with OpenGL, off screen: EGL (graphics card or software) or OSMesa (software)."""

import importlib
import os

import mujoco
import numpy as np
from zr0_core.types import ImageArray

from zr0_sim.world.renderer import Backend, RendererError
from zr0_sim.world.snapshot import Snapshot
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

UNUSED_EFFECTS = (
    mujoco.mjtRndFlag.mjRND_SHADOW,
    mujoco.mjtRndFlag.mjRND_REFLECTION,
    mujoco.mjtRndFlag.mjRND_SKYBOX,
    mujoco.mjtRndFlag.mjRND_FOG,
    mujoco.mjtRndFlag.mjRND_HAZE,
)
"""What costs time and shows nothing in this scene."""


class GlRenderer:
    """Renders cameras through MuJoCo's OpenGL renderer, without shadows, reflections or multisampling.

    Args:
        world: The scene.
        backend: EGL or OSMESA. A process can use one of them only.

    Raises:
        RendererError: The libraries are missing or refuse to make a context.
    """

    def __init__(self, world: World, backend: Backend) -> None:
        self.backend = backend
        self._model = world.model
        self._view = TableView(world)
        width = max(camera.width for camera in world.embodiment.cameras)
        height = max(camera.height for camera in world.embodiment.cameras)
        # Mesa's software rasteriser would start a thread per core and take them all from those who wait for the images.
        os.environ.setdefault("LP_NUM_THREADS", "0")
        try:
            self._context = importlib.import_module(f"mujoco.{backend.value}").GLContext(width, height)
            self._context.make_current()
        except (ImportError, AttributeError, RuntimeError, OSError) as error:
            # PyOpenGL reports an absent library as an AttributeError of None.
            raise RendererError(
                f"the {backend.value} renderer does not start: {type(error).__name__}: {error}; "
                "run zr0 doctor to see which backends work"
            ) from error
        self._mjr = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._mjr)
        self._scene = mujoco.MjvScene(self._model, maxgeom=self._model.ngeom + 50)
        for flag in UNUSED_EFFECTS:
            self._scene.flags[flag] = 0
        self._options = mujoco.MjvOption()
        self._perturbation = mujoco.MjvPerturb()
        self._lens = mujoco.MjvCamera()
        self._lens.type = mujoco.mjtCamera.mjCAMERA_FIXED

    def render(self, camera: str, snapshot: Snapshot) -> ImageArray:
        """Return the image of a camera, (height, width, 3), red first, at its size in the embodiment.

        Raises:
            ValueError: The embodiment has no such camera.
        """
        size = self._view.pose_camera(camera, snapshot)
        self._lens.fixedcamid = self._model.camera(camera).id
        mujoco.mjv_updateScene(
            self._model,
            self._view.data,
            self._options,
            self._perturbation,
            self._lens,
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        viewport = mujoco.MjrRect(0, 0, size.width, size.height)
        mujoco.mjr_render(viewport, self._scene, self._mjr)
        pixels = np.empty((size.height, size.width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, viewport, self._mjr)
        return np.ascontiguousarray(pixels[::-1])

    def close(self) -> None:
        """Free the context."""
        self._mjr.free()
        self._context.free()
