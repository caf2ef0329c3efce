"""The speed of a box's arm over time, seen from inside the box's process: no fault of a link hides it."""

import threading
import time

import numpy as np
from zr0_sim.box.box import Box

PERIOD = 0.004


class PlantRecorder:
    """Records the speed of the fastest joint every 4 ms until closed."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._samples: list[tuple[float, float]] = []
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plant recorder", daemon=True)
        self._thread.start()

    def speed(self) -> float:
        """Return the speed of the fastest joint now, rad/s."""
        with self._box.lock:
            return float(np.abs(self._box.plant.velocities).max())

    def wait_moving(self, speed: float, timeout: float = 15.0) -> float:
        """Wait until the fastest joint moves at least this fast, rad/s; return its speed.

        Raises:
            AssertionError: It does not within the time.
        """
        deadline = time.monotonic() + timeout
        while (current := self.speed()) < speed:
            if time.monotonic() > deadline:
                raise AssertionError(f"the arm did not reach {speed} rad/s within {timeout} s")
            time.sleep(0.005)
        return current

    def standstill_after(self, event: float, *, threshold: float = 0.02, watch: float = 0.6) -> float:
        """Return the seconds from an event to the last moment at which the arm still moved.

        Args:
            event: Monotonic time of the event, s.
            threshold: Speed of the fastest joint that counts as moving, rad/s.
            watch: How long to watch after the event, s.
        """
        time.sleep(max(0.0, event + watch - time.monotonic()))
        moving = [stamp for stamp, speed in list(self._samples) if event < stamp <= event + watch and speed > threshold]
        return moving[-1] - event if moving else 0.0

    def close(self) -> None:
        """Stop recording."""
        self._is_ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_ending.wait(PERIOD):
            speed = self.speed()
            self._samples.append((time.monotonic(), speed))
