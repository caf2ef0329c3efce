import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray, ImageArray
from zr0_sim.tasks.registry import make_task
from zr0_sim.world.backends import make_renderer
from zr0_sim.world.cameras import camera_mount, project
from zr0_sim.world.gl_renderer import GlRenderer
from zr0_sim.world.probe import RendererReport, probe_renderers
from zr0_sim.world.raycast_renderer import RaycastRenderer
from zr0_sim.world.renderer import Backend, Renderer, RendererError
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

SIZES = ((640, 480), (224, 224))


@pytest.fixture(scope="module")
def reports() -> dict[str, RendererReport]:
    return {report.backend: report for report in probe_renderers(width=224, height=224, duration=0.2)}


@pytest.fixture(params=[backend.value for backend in Backend if backend is not Backend.OSMESA])
def backend(request: pytest.FixtureRequest, reports: dict[str, RendererReport]) -> Backend:
    """A backend that works here. OSMesa and EGL exclude each other in one process: the probe tries OSMesa."""
    report = reports[request.param]
    if not report.works:
        pytest.skip(f"{report.backend}: {report.reason}")
    return Backend(request.param)


def table(size: tuple[int, int], seed: int = 0) -> World:
    embodiment = Embodiment.load("xarm7_gripper")
    cameras = tuple(dataclasses.replace(camera, width=size[0], height=size[1]) for camera in embodiment.cameras)
    task = make_task("pick_place")
    world = World(dataclasses.replace(embodiment, cameras=cameras), task.objects)
    world.place_objects(task.set_up(seed).poses)
    return world


def colour_at(world: World, image: ImageArray, name: str, point: FloatArray) -> FloatArray:
    """Return the mean colour of the 3 x 3 pixels at which a camera sees a point."""
    camera = next(camera for camera in world.embodiment.cameras if camera.name == name)
    view = TableView(world)
    view.pose_scene(world.snapshot())
    lens = view.data.camera(name)
    angle = camera_mount(camera, world.embodiment).vertical_field_of_view
    column, row = project(point, lens.xpos, lens.xmat.reshape(3, 3).T, camera, angle)
    assert 1 <= column < camera.width - 1
    assert 1 <= row < camera.height - 1
    patch = image[int(row) - 1 : int(row) + 2, int(column) - 1 : int(column) + 2]
    return np.asarray(patch.reshape(-1, 3).mean(axis=0))


def rendering(world: World, backend: Backend) -> Iterator[Renderer]:
    renderer = make_renderer(world, backend)
    yield renderer
    renderer.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_front_camera_shows_each_object_in_its_colour_where_it_is(size: tuple[int, int], backend: Backend) -> None:
    world = table(size)
    for renderer in rendering(world, backend):
        image = renderer.render("front", world.snapshot())
    assert image.shape == (size[1], size[0], 3)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    poses = TableView(world).read(world.snapshot()).objects
    red = colour_at(world, image, "front", poses["red_cube"][:3])
    green = colour_at(world, image, "front", poses["green_cube"][:3])
    yellow = colour_at(world, image, "front", poses["yellow_cube"][:3])
    blue = colour_at(world, image, "front", poses["blue_bin"][:3])
    assert red[0] > 2 * max(red[1], red[2])
    assert green[1] > 2 * max(green[0], green[2])
    assert min(yellow[0], yellow[1]) > 2 * yellow[2]
    assert blue[2] > 1.5 * max(blue[0], blue[1])


@pytest.mark.parametrize("size", SIZES)
def test_the_wrist_camera_sees_a_cube_between_the_fingers(size: tuple[int, int], backend: Backend) -> None:
    world = table(size)
    home = world.embodiment.chain.forward(world.embodiment.home)
    poses = dict(TableView(world).read(world.snapshot()).objects)
    poses["red_cube"] = np.array([*home[:3, 3], 1.0, 0.0, 0.0, 0.0])
    world.place_objects(poses)
    pads = [world.data.geom(name).xpos.copy() for name in ("left_pad", "right_pad")]
    for renderer in rendering(world, backend):
        image = renderer.render("wrist", world.snapshot())
    cube = colour_at(world, image, "wrist", home[:3, 3])
    assert cube[0] > 2 * max(cube[1], cube[2])
    for pad in pads:
        finger = colour_at(world, image, "wrist", pad + np.array([0.012, 0.0, 0.0]))
        assert finger.max() < 120


def test_opengl_and_rays_see_the_same_scene(reports: dict[str, RendererReport]) -> None:
    if not reports["egl"].works:
        pytest.skip(reports["egl"].reason)
    world = table((224, 224), seed=3)
    images = {}
    for backend in (Backend.EGL, Backend.RAYCAST):
        for renderer in rendering(world, backend):
            assert renderer.backend is backend
            images[backend] = renderer.render("front", world.snapshot()).astype(float)
    difference = np.abs(images[Backend.EGL] - images[Backend.RAYCAST])
    assert difference.mean() < 8.0
    assert np.quantile(difference.max(axis=2), 0.9) < 25.0


def test_an_image_follows_the_scene(backend: Backend) -> None:
    world = table((224, 224))
    for renderer in rendering(world, backend):
        before = renderer.render("front", world.snapshot())
        again = renderer.render("front", world.snapshot())
        world.place_arm(world.embodiment.home + 0.3)
        after = renderer.render("front", world.snapshot())
    assert np.array_equal(before, again)
    assert (before != after).any(axis=2).mean() > 0.02


def test_large_ray_images_are_enlarged_to_the_asked_size() -> None:
    world = table((640, 480))
    image = RaycastRenderer(world).render("front", world.snapshot())
    assert image.shape == (480, 640, 3)
    assert np.array_equal(image[0::2, 0::2], image[1::2, 1::2])


def test_an_unknown_camera_is_refused(backend: Backend) -> None:
    world = table((224, 224))
    for renderer in rendering(world, backend):
        with pytest.raises(ValueError, match="no camera 'side', available: front, wrist"):
            renderer.render("side", world.snapshot())


def test_an_opengl_library_that_does_not_start_is_reported() -> None:
    # In a process that has EGL, PyOpenGL refuses OSMesa, as it does where the library is missing.
    world = table((224, 224))
    try:
        GlRenderer(world, Backend.EGL).close()
    except RendererError:
        pytest.skip("no EGL here")
    with pytest.raises(RendererError, match=r"the osmesa renderer does not start: .*; run zr0 doctor"):
        GlRenderer(world, Backend.OSMESA)
