"""One client's conversation with the policy: message in, reply out, episode by episode."""

import logging
import time

import numpy as np
from zr0_core.errors import MessageError, Zr0Error
from zr0_core.policy import Policy
from zr0_core.types import FloatArray

from zr0_policy.runtime.latency import LatencyWindow
from zr0_policy.server.request import Request, RequestReader
from zr0_policy.server.wire_format import pack, unpack

_logger = logging.getLogger(__name__)
_LONGEST_EPISODE = 100_000


class Conversation:
    """Answers the messages of one client, one after the other.

    The protocol has no word for the beginning of an episode. One begins with the first request of a connection, with
    a request whose instruction is another than the last one's, and with a request that says `reset: true`.

    Args:
        policy: What answers. Nothing else may use it as long as this conversation lasts.
        reader: Reads the requests.
        client: Who asks, for the log.
        latencies: Where the time of every inference is added, besides this conversation's own account.
    """

    def __init__(self, policy: Policy, reader: RequestReader, client: str, latencies: LatencyWindow) -> None:
        self._policy = policy
        self._reader = reader
        self._client = client
        self._latencies = latencies
        self._instruction: str | None = None
        self._num_episodes = 0
        self._episode_latencies = LatencyWindow(size=_LONGEST_EPISODE)

    def answer(self, message: bytes | str, arrived_ns: int, previous_total_s: float | None) -> bytes:
        """Return the reply to one message.

        Args:
            message: As it came.
            arrived_ns: When it came, nanoseconds since the epoch.
            previous_total_s: From the last message's arrival until its reply was sent, seconds; None for the first.

        Raises:
            MessageError: The message is not a valid request.
            Zr0Error: The policy refuses it, or returns no chunk of finite actions.
        """
        start = time.perf_counter()
        if isinstance(message, str):
            raise MessageError("a request is a binary message of msgpack, got a text message")
        request = self._reader.read(unpack(message), arrived_ns)
        if request.is_reset or request.observation.instruction != self._instruction:
            self._begin(request.observation.instruction)
        began = time.perf_counter()
        actions = self._policy.infer(request.observation)
        end = time.perf_counter()
        self._check(actions)
        self._latencies.add(end - began)
        self._episode_latencies.add(end - began)
        server_timing = {"infer_ms": (end - start) * 1e3}
        if previous_total_s is not None:
            server_timing["prev_total_ms"] = previous_total_s * 1e3
        return pack(
            {
                "actions": _rows(actions, request),
                "server_timing": server_timing,
                "policy_timing": {"infer_ms": (end - began) * 1e3},
            }
        )

    def end(self) -> None:
        """End the episode in progress, if any, and log what it was."""
        if self._instruction is None:
            return
        latency = self._episode_latencies.summary()
        _logger.info(
            "episode %d of %s, %s: %d inferences, p50 %.1f ms, p99 %.1f ms",
            self._num_episodes,
            self._client,
            ascii(self._instruction),
            latency.count,
            latency.p50 * 1e3,
            latency.p99 * 1e3,
        )
        self._instruction = None

    def _begin(self, instruction: str) -> None:
        self.end()
        self._policy.reset(instruction)
        self._instruction = instruction
        self._num_episodes += 1
        self._episode_latencies = LatencyWindow(size=_LONGEST_EPISODE)

    def _check(self, actions: FloatArray) -> None:
        expected = self._reader.actions_shape
        if actions.shape != expected:
            raise Zr0Error(f"policy {self._policy.name} returned actions of shape {actions.shape}, expected {expected}")
        if not np.isfinite(actions).all():
            raise Zr0Error(f"policy {self._policy.name} returned actions that are not finite")


def _rows(actions: FloatArray, request: Request) -> FloatArray | list[list[float]]:
    rows = actions[: request.num_rows]
    if request.is_openpi:
        return rows
    nested: list[list[float]] = rows.tolist()
    return nested
