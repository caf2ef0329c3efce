"""A policy in a process of its own.

A model is thousands of small operations, each of which gives Python's interpreter lock away and asks for it back. In
one process with the callbacks of two raw cameras an inference of 40 ms took 120 to 350 ms on two cores; in a process of
its own it takes what the cores allow. What crosses the pipe is 2 MB an inference, a few milliseconds.
"""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext
from zr0_core.types import FloatArray, Observation, Overlap

from zr0_policy.runtime.inference_protocol import Description, Infer, Load, Reply, Request, Reset

FAREWELL_S = 2.0
"""How long the process may take to end by itself, seconds; an inference in progress is then cut off."""


class InferenceProcess:
    """A policy that lives in a process started for it; used like any other policy.

    The process ends with this object, and when the process that made it ends in whatever way. The pipe between them
    carries pickles, which is safe only because nobody else has an end of it.

    Args:
        policy: The policy's name.
        context: What it is built from.
        environment: The process's environment variables.

    Raises:
        Zr0Error: The policy cannot be built; or its process ended.
    """

    def __init__(self, policy: str, context: PolicyContext, environment: Mapping[str, str]) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zr0_policy.runtime.inference_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
            )
        self._pipe = Connection(ours.detach())
        try:
            self._description: Description = self._ask(Load(policy=policy, context=context))
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._description.name

    @property
    def is_trained(self) -> bool:
        """Whether its weights were trained."""
        return self._description.is_trained

    @property
    def is_guided(self) -> bool:
        """Whether its answers continue an overlap."""
        return self._description.is_guided

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def reset(self, instruction: str) -> None:
        """Begin an episode on an instruction.

        Raises:
            Zr0Error: The policy refuses it; or its process ended.
        """
        self._ask(Reset(instruction=instruction))

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:
        """Return actions (H, A), SI units; a guided policy's continue the overlap.

        Raises:
            Zr0Error: The policy cannot; or its process ended.
        """
        # The default is a read-only view, which cannot be sent.
        plain = replace(observation, objects=dict(observation.objects))
        actions: FloatArray = self._ask(Infer(observation=plain, overlap=overlap))
        return actions

    def close(self) -> None:
        """End the process; it is killed if an inference keeps it from ending by itself."""
        self._pipe.close()
        try:
            self._process.wait(FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, request: Request) -> Any:
        with self._lock:
            try:
                self._pipe.send(request)
                reply: Reply = self._pipe.recv()
            except (EOFError, ConnectionError) as error:
                raise Zr0Error(self._obituary()) from error
        if reply.error:
            raise Zr0Error(reply.error)
        return reply.value

    def _obituary(self) -> str:
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return (
            f"the inference process of policy {self._policy} {how}: see the log above; "
            "deactivate, clean up and configure the node to start another"
        )
