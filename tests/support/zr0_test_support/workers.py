"""Lifecycle nodes in a process of their own, for a lifecycle manager to manage.

Not inside the test's process: once one ROS context of a process has ended, what nodes of another log there does not
always reach /rosout, from which the manager takes its reasons.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions


class Worker(LifecycleNode):
    """Prints its transitions, and refuses to configure some times."""

    def __init__(self, name: str, num_refusals: int) -> None:
        super().__init__(name)
        self._num_refusals = num_refusals

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self._num_refusals > 0:
            self._num_refusals -= 1
            self.get_logger().error("the box is off")
            return TransitionCallbackReturn.FAILURE
        return self._note("configure", super().on_configure(state))

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._note("activate", super().on_activate(state))

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._note("deactivate", super().on_deactivate(state))

    def _note(self, verb: str, result: TransitionCallbackReturn) -> TransitionCallbackReturn:
        sys.stdout.write(f"{verb} {self.get_name()}\n")
        sys.stdout.flush()
        return result


class Workers:
    """A process with workers.

    Args:
        environment: Variables added to this process's own.
        log: File for what they print.
        num_refusals: How often each refuses to configure, by name.
    """

    def __init__(self, environment: Mapping[str, str], log: Path, **num_refusals: int) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, __file__, *(f"{name}:{number}" for name, number in num_refusals.items())],
                env=os.environ | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
            )

    @property
    def record(self) -> list[str]:
        """The transitions that were made, oldest first, such as `activate first`."""
        return self._log.read_text(encoding="utf-8").splitlines()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(10.0)
        assert code == 0, f"the workers ended with {code}"


def main() -> None:
    """Run the workers that the arguments name until SIGINT."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stopping = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    executor = SingleThreadedExecutor()
    for argument in sys.argv[1:]:
        name, _, number = argument.partition(":")
        executor.add_node(Worker(name, int(number)))
    while not stopping.is_set():
        executor.spin_once(timeout_sec=0.1)
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
