"""Renderers by backend."""

from zr0_sim.world.gl_renderer import GlRenderer
from zr0_sim.world.raycast_renderer import RaycastRenderer
from zr0_sim.world.renderer import Backend, Renderer
from zr0_sim.world.world import World


def make_renderer(world: World, backend: Backend) -> Renderer:
    """Build a renderer of a backend that is known to work on this machine.

    Raises:
        RendererError: The backend does not start.
    """
    if backend is Backend.RAYCAST:
        return RaycastRenderer(world)
    return GlRenderer(world, backend)
