import pytest
from zr0_sim.world import choose_backend, probe_renderers
from zr0_sim.world.renderer import Backend, RendererError


def test_every_backend_is_reported_with_a_rate_or_a_reason() -> None:
    reports = probe_renderers(width=64, height=48, duration=0.1)
    assert [report.backend for report in reports] == ["egl", "osmesa", "raycast"]
    for report in reports:
        assert report.works == (report.reason == "")
        assert report.works == (report.frames_per_second > 0.0)
    assert reports[-1].works  # rays need no graphics library


def test_auto_takes_the_first_that_works() -> None:
    first = next(report.backend for report in probe_renderers(width=64, height=48, duration=0.1) if report.works)
    assert choose_backend("auto") is Backend(first)
    assert choose_backend("raycast") is Backend.RAYCAST


def test_an_unknown_renderer_is_refused() -> None:
    with pytest.raises(ValueError, match="renderer is 'vulkan', expected auto, egl, osmesa, raycast"):
        choose_backend("vulkan")


def test_a_renderer_that_does_not_work_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent.json")
    with pytest.raises(
        RendererError, match=r"no usable renderer; egl: .*; renderer:=raycast needs no graphics library"
    ):
        choose_backend("egl")
