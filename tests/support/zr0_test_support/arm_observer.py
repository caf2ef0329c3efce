"""The arm as its own report stream shows it, independent of the controller and of ROS."""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

REPORT_PORT = 30003
"""The control box's 100 Hz report stream."""
REPORT_PERIOD = 0.01
"""Seconds between reports."""
FRAME_SIZE = 135
ANGLES_OFFSET = 7
"""Seven little-endian float32 joint angles, rad, begin at this byte of a report."""


class ArmObserver:
    """Records the joint angles that a control box reports at 100 Hz, with the time at which each report came."""

    def __init__(self, address: str) -> None:
        """Connect to the box's report port and start recording.

        Args:
            address: The box's IP address.

        Raises:
            OSError: Nothing listens there.
        """
        self._socket = socket.create_connection((address, REPORT_PORT), timeout=5.0)
        self._lock = threading.Lock()
        self._times: list[float] = []
        self._angles: list[NDArray[np.float64]] = []
        self._thread = threading.Thread(target=self._read, name="arm observer", daemon=True)
        self._thread.start()

    def speeds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return arrival times (T,), monotonic seconds, and the fastest joint's speed (T,), rad/s, of all reports."""
        with self._lock:
            times, angles = np.array(self._times), np.array(self._angles)
        if len(times) < 2:
            return np.empty(0), np.empty(0)
        return times[1:], np.abs(np.diff(angles, axis=0)).max(axis=1) / REPORT_PERIOD

    def speed(self) -> float:
        """Return the fastest joint's speed over the last 30 ms, rad/s."""
        with self._lock:
            recent = self._angles[-4:]
        if len(recent) < 4:
            return 0.0
        return float(np.abs(recent[-1] - recent[0]).max() / (3 * REPORT_PERIOD))

    def wait_moving(self, speed: float, timeout: float = 30.0) -> float:
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

    def standstill_after(self, event: float, *, threshold: float = 0.05, watch: float = 0.6) -> float:
        """Return the seconds from an event to the last report in which the arm still moved.

        Args:
            event: Monotonic time of the event, seconds.
            threshold: Speed of the fastest joint that counts as moving, rad/s.
            watch: How long to watch after the event, seconds.

        Raises:
            AssertionError: Reports stopped, so nothing is known about the arm.
        """
        time.sleep(max(0.0, event + watch - time.monotonic()))
        times, speeds = self.speeds()
        seen = (times > event) & (times <= event + watch)
        expected = watch / REPORT_PERIOD
        if seen.sum() < 0.8 * expected:
            raise AssertionError(f"{seen.sum()} of {expected:.0f} reports came in the {watch} s after the event")
        moving = times[seen & (speeds > threshold)]
        return float(moving[-1] - event) if len(moving) else 0.0

    def close(self) -> None:
        """Disconnect."""
        with contextlib.suppress(OSError):  # The box may have gone already.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5.0)
        self._socket.close()

    def _read(self) -> None:
        buffered = b""
        while True:
            try:
                received = self._socket.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            if not received:
                return
            buffered += received
            while len(buffered) >= FRAME_SIZE:
                frame, buffered = buffered[:FRAME_SIZE], buffered[FRAME_SIZE:]
                (size,) = struct.unpack_from(">I", frame)
                if size != FRAME_SIZE:
                    raise AssertionError(f"a report of {size} bytes on port {REPORT_PORT}, expected {FRAME_SIZE}")
                angles = np.array(struct.unpack_from("<7f", frame, ANGLES_OFFSET))
                with self._lock:
                    self._times.append(time.monotonic())
                    self._angles.append(angles)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
