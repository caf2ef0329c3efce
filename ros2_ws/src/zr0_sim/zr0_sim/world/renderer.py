"""Rendering of the scene's cameras, and the choice of what renders them."""

from enum import StrEnum
from typing import Protocol

from zr0_core.errors import Zr0Error
from zr0_core.types import ImageArray
from zr0_sim.world.world import Snapshot, World


class Backend(StrEnum):
    """What turns the scene into pixels, in the order of preference."""

    EGL = "egl"
    OSMESA = "osmesa"
    RAYCAST = "raycast"


class RendererError(Zr0Error):
    """A rendering backend does not work on this machine."""


class Renderer(Protocol):
    """Renders the cameras of one world. Belongs to the thread that made it."""

    @property
    def backend(self) -> Backend:
        """What renders."""

    def render(self, camera: str, snapshot: Snapshot) -> ImageArray:
        """Return the image of a camera, (height, width, 3), red first, at its size in the embodiment.

        Raises:
            ValueError: The embodiment has no such camera.
        """

    def close(self) -> None:
        """Free what the renderer holds."""


def make_renderer(world: World, backend: Backend) -> Renderer:
    """Build a renderer of a backend that is known to work on this machine.

    Raises:
        RendererError: The backend does not start.
    """
    # Each backend pulls in its own graphics libraries, so only the chosen one is imported.
    if backend is Backend.RAYCAST:
        from zr0_sim.world.raycast_renderer import RaycastRenderer

        return RaycastRenderer(world)
    from zr0_sim.world.gl_renderer import GlRenderer

    return GlRenderer(world, backend)
