"""Render the cameras of a running table at their rates, in a thread of their own."""

import threading
import time
from collections.abc import Callable

from zr0_core.embodiment import Camera
from zr0_core.errors import Zr0Error
from zr0_core.types import ImageArray

from zr0_sim.rate_meter import RateMeter
from zr0_sim.simulation import Simulation
from zr0_sim.world.backends import make_renderer
from zr0_sim.world.renderer import Backend, Renderer

FOREVER = float("inf")
MAX_DUTY = 0.7
"""Largest share of the time spent rendering: a slow backend must not take a core for itself."""
LONGEST_SLEEP = 0.05
"""s; how soon the loop notices that it is to end."""

Deliver = Callable[[Camera, ImageArray, int], None]
"""Takes a camera, its image (height, width, 3) and the stamp of what it shows, nanoseconds."""


class CameraLoop:
    """Renders the newest frame of the simulation for each camera that is due. A late image is skipped, not made up.

    Args:
        simulation: What is seen.
        backend: What renders.
        deliver: Called with every image, in the loop's thread.
        is_wanted: Tells whether images of a camera are of use to anybody; others are not rendered.
    """

    def __init__(
        self,
        simulation: Simulation,
        backend: Backend,
        deliver: Deliver,
        is_wanted: Callable[[Camera], bool] = lambda _: True,
    ) -> None:
        self._simulation = simulation
        self._backend = backend
        self._deliver = deliver
        self._is_wanted = is_wanted
        self._cameras = simulation.embodiment.cameras
        self._running = threading.Event()
        self._ready = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)
        self._dropped: dict[str, float] = {}
        self._lock = threading.Lock()
        self._meter = RateMeter()
        self._num_images = 0

    @property
    def rate(self) -> float:
        """Sets of images, one of each camera, per second over the last second."""
        self._meter_now()
        return self._meter.rate

    @property
    def failure(self) -> Exception | None:
        """What ended the loop before it was stopped, if anything did."""
        return self._failure

    def start(self) -> None:
        """Begin to render.

        Raises:
            RendererError: The backend does not start.
        """
        self._running.set()
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """End the thread."""
        self._running.clear()
        if self._thread.is_alive():
            self._thread.join()

    def drop(self, camera: str, duration: float) -> None:
        """Let a camera fall silent.

        Args:
            camera: Name, or empty for all.
            duration: s; 0 lasts until `restore`.

        Raises:
            Zr0Error: There is no such camera.
        """
        names = [item.name for item in self._cameras]
        if camera and camera not in names:
            raise Zr0Error(f"camera_drop: no camera {camera!r}, available: {', '.join(names)}, or nothing for all")
        if not duration >= 0.0:
            raise Zr0Error(f"camera_drop: duration is {duration} s, expected 0 or more")
        end = time.monotonic() + duration if duration > 0.0 else FOREVER
        with self._lock:
            self._dropped |= dict.fromkeys([camera] if camera else names, end)

    def restore(self) -> None:
        """Let all cameras see again."""
        with self._lock:
            self._dropped.clear()

    def _run(self) -> None:
        renderer: Renderer | None = None
        try:
            renderer, world = self._renderer()
            self._ready.set()
            due = self._first_dues()
            while self._running.is_set():
                start = time.monotonic()
                camera = min(self._cameras, key=lambda item: due[item.name])
                if start < due[camera.name]:
                    time.sleep(min(due[camera.name] - start, LONGEST_SLEEP))
                    continue
                period = 1.0 / camera.rate
                due[camera.name] += period * max(1, int((start - due[camera.name]) / period))
                if not self._is_wanted(camera) or self._is_dropped(camera.name, start):
                    continue
                frame = self._simulation.frame
                if frame.world is not world:
                    renderer.close()
                    renderer, world = self._renderer()
                self._deliver(camera, renderer.render(camera.name, frame.snapshot), frame.stamp_ns)
                self._num_images += 1
                time.sleep((time.monotonic() - start) * (1.0 / MAX_DUTY - 1.0))
        # The edge of the thread: whatever ends it must reach the owner, who reports it.
        except Exception as error:  # noqa: BLE001
            self._failure = error
        finally:
            self._ready.set()
            if renderer is not None:
                renderer.close()

    def _first_dues(self) -> dict[str, float]:
        """Spread the cameras over a period: others on the same cores wait for one image at a time, not for all."""
        now = time.monotonic()
        share = 1.0 / len(self._cameras)
        return {camera.name: now + index * share / camera.rate for index, camera in enumerate(self._cameras)}

    def _renderer(self) -> tuple[Renderer, object]:
        world = self._simulation.frame.world
        return make_renderer(world, self._backend), world

    def _is_dropped(self, camera: str, now: float) -> bool:
        with self._lock:
            return now < self._dropped.get(camera, -FOREVER)

    def _meter_now(self) -> None:
        self._meter.add(time.monotonic(), self._num_images / len(self._cameras))
