import importlib
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.types import ImageArray
from zr0_sim.camera_loop import CameraLoop
from zr0_sim.simulation import Simulation
from zr0_sim.world import choose_backend
from zr0_sim.world.renderer import Backend, RendererError

EMBODIMENT = Embodiment.load("xarm7_gripper")


class Sink:
    """Keeps what the loop delivers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.images: dict[str, list[tuple[int, ImageArray]]] = {"front": [], "wrist": []}

    def take(self, camera: Camera, image: ImageArray, stamp_ns: int) -> None:
        with self.lock:
            self.images[camera.name].append((stamp_ns, image))

    def wait(self, camera: str, count: int, timeout: float = 20.0) -> None:
        deadline = time.monotonic() + timeout
        while len(self.images[camera]) < count:
            assert time.monotonic() < deadline, f"{len(self.images[camera])} of {count} images of {camera}"
            time.sleep(0.01)


@pytest.fixture
def loop() -> Iterator[tuple[CameraLoop, Sink, Simulation]]:
    simulation, sink = Simulation(EMBODIMENT, "pick_place", 0), Sink()
    running = CameraLoop(simulation, choose_backend("auto"), sink.take)
    running.start()
    yield running, sink, simulation
    running.stop()
    assert running.failure is None


def test_images_carry_the_stamp_of_the_frame_that_they_show(loop: tuple[CameraLoop, Sink, Simulation]) -> None:
    _, sink, simulation = loop
    first = simulation.frame.stamp_ns
    sink.wait("wrist", 2)
    assert sink.images["front"][0][0] == first
    assert sink.images["front"][0][1].shape == (480, 640, 3)
    simulation.plant.step(0.004)
    second = simulation.frame.stamp_ns
    sink.wait("front", len(sink.images["front"]) + 3)
    assert sink.images["front"][-1][0] == second


def test_cameras_keep_their_rate(loop: tuple[CameraLoop, Sink, Simulation]) -> None:
    running, sink, _ = loop
    assert running.rate <= 31.0
    sink.wait("wrist", 20)
    # Upper bound only: a busy machine renders less, never more.
    assert 0.0 < running.rate <= 33.0


def test_a_dropped_camera_is_silent_and_comes_back(loop: tuple[CameraLoop, Sink, Simulation]) -> None:
    running, sink, _ = loop
    sink.wait("wrist", 1)
    running.drop("wrist", 0.0)
    time.sleep(0.2)
    silent, other = len(sink.images["wrist"]), len(sink.images["front"])
    sink.wait("front", other + 3)
    assert len(sink.images["wrist"]) == silent
    running.restore()
    sink.wait("wrist", silent + 2)
    running.drop("", 0.3)
    time.sleep(0.1)
    silent = len(sink.images["front"])
    sink.wait("front", silent + 2)


def test_an_unknown_camera_or_time_is_refused(loop: tuple[CameraLoop, Sink, Simulation]) -> None:
    running, _, _ = loop
    with pytest.raises(Zr0Error, match="camera_drop: no camera 'side', available: front, wrist, or nothing for all"):
        running.drop("side", 1.0)
    with pytest.raises(Zr0Error, match=r"camera_drop: duration is -1.0 s, expected 0 or more"):
        running.drop("front", -1.0)


def test_a_camera_that_nobody_watches_is_not_rendered() -> None:
    sink = Sink()
    simulation = Simulation(EMBODIMENT, "pick_place", 0)
    running = CameraLoop(simulation, choose_backend("auto"), sink.take, lambda camera: camera.name == "wrist")
    running.start()
    sink.wait("wrist", 3)
    running.stop()
    assert not sink.images["front"]


def test_a_receiver_that_fails_is_reported() -> None:
    def fail(camera: Camera, image: ImageArray, stamp_ns: int) -> None:
        raise ValueError(f"{camera.name} {np.shape(image)} {stamp_ns > 0}")

    running = CameraLoop(Simulation(EMBODIMENT, "pick_place", 0), Backend.RAYCAST, fail)
    running.start()
    deadline = time.monotonic() + 20.0
    while running.failure is None and time.monotonic() < deadline:
        time.sleep(0.01)
    running.stop()
    assert str(running.failure) == "front (480, 640, 3) True"


def test_a_backend_that_does_not_start_is_reported_at_once() -> None:
    # In a process that has EGL, PyOpenGL refuses OSMesa; in another, trying OSMesa would shut EGL out of later tests.
    try:
        importlib.import_module("mujoco.egl")
    except (ImportError, AttributeError):
        pytest.skip("no EGL here")
    running = CameraLoop(Simulation(EMBODIMENT, "pick_place", 0), Backend.OSMESA, Sink().take)
    with pytest.raises(RendererError, match="the osmesa renderer does not start"):
        running.start()
