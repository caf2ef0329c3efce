"""The MuJoCo table: scene, physics, cameras and their renderers."""

from zr0_sim.world.probe import RendererReport, choose_backend, probe_renderers

__all__ = ["RendererReport", "choose_backend", "probe_renderers"]
