"""What renders the scene's cameras."""

from enum import StrEnum
from typing import Protocol

from zr0_core.errors import Zr0Error
from zr0_core.types import ImageArray

from zr0_sim.world.snapshot import Snapshot


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
