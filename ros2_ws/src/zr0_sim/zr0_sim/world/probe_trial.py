"""The trial of one rendering backend, run in a process of its own by `probe`."""

import dataclasses
import json
import os
import sys
import time

from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_sim.tasks.registry import make_task
from zr0_sim.world.backends import make_renderer
from zr0_sim.world.renderer import Backend, RendererError
from zr0_sim.world.world import World


def measure(backend: Backend, embodiment: Embodiment, duration: float) -> float:
    """Return the images per second of a backend over all cameras, rendering at least one set.

    Raises:
        RendererError: The backend does not start, or renders an image of one colour.
    """
    task = make_task("pick_place")
    world = World(embodiment, task.objects)
    world.place_objects(task.set_up(0).poses)
    renderer = make_renderer(world, backend)
    try:
        for camera in embodiment.cameras:
            if renderer.render(camera.name, world.snapshot()).std() < 1.0:
                raise RendererError(f"the {backend.value} renderer gives a blank image for camera {camera.name!r}")
        start, num_images = time.perf_counter(), 0
        while time.perf_counter() - start < duration:
            snapshot = world.snapshot()
            for camera in embodiment.cameras:
                renderer.render(camera.name, snapshot)
                num_images += 1
        return num_images / (time.perf_counter() - start) if num_images else 0.0
    finally:
        renderer.close()


def main() -> None:
    """Answer the request in the first argument on standard output, as one line of JSON."""
    name, embodiment_name, width, height, duration = json.loads(sys.argv[1])
    embodiment = Embodiment.load(embodiment_name)
    cameras = tuple(dataclasses.replace(camera, width=width, height=height) for camera in embodiment.cameras)
    embodiment = dataclasses.replace(embodiment, cameras=cameras)
    answer: dict[str, object] = {"frames_per_second": 0.0, "reason": ""}
    try:
        answer["frames_per_second"] = measure(Backend(name), embodiment, duration)
    except Zr0Error as error:
        answer["reason"] = str(error)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    # Interpreter exit can crash inside a graphics driver, after the answer is out.
    os._exit(0)


if __name__ == "__main__":
    main()
