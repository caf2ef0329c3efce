"""The websocket server: connections, keys and turns. What is said over them is `Conversation`'s."""

import asyncio
import contextlib
import http
import logging
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.protocol import State
from zr0_core.errors import Zr0Error
from zr0_core.policy import Policy

from zr0_policy.runtime.latency import LatencyWindow
from zr0_policy.server.access import is_authorised
from zr0_policy.server.conversation import Conversation
from zr0_policy.server.request import RequestReader
from zr0_policy.server.wire_format import pack

PING_INTERVAL_S, PING_TIMEOUT_S = 60.0, 120.0
"""How often a silent client is asked whether it is there, and how long it may take to say so, seconds."""
MAX_CONNECTIONS = 8
"""Clients that may be connected, of which one uses the policy."""
_CLOSE_TIMEOUT_S = 2.0
_LONGEST_RUN = 1_000_000
_LONGEST_REASON = 1000
_LONGEST_CLOSE_REASON_BYTES = 120

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a server listens, and for whom."""

    address: str
    """Address of this machine."""
    port: int
    """TCP port; 0 takes any that is free."""
    key: str | None
    """What clients must send as `Authorization: Api-Key KEY`; None asks for nothing."""


class PolicyServer:
    """Serves a policy to one client at a time.

    A policy has one state, so two clients that took turns would disturb each other's episodes without a trace. The
    first client that asks has the policy until it disconnects; what others ask is refused with that reason.

    Args:
        policy: What answers.
        reader: Reads the requests for the policy's embodiment.
        metadata: What every client is told first.
        endpoint: Where to listen, and for whom.
    """

    def __init__(
        self, policy: Policy, reader: RequestReader, metadata: Mapping[str, object], endpoint: Endpoint
    ) -> None:
        self.latencies = LatencyWindow(size=_LONGEST_RUN)
        """The time of every inference."""
        self._policy = policy
        self._reader = reader
        self._greeting = pack(metadata)
        self._endpoint = endpoint
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._turn = asyncio.Lock()
        self._owner: ServerConnection | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Listen, once, while the context lasts; at its end tell all clients and wait for the inference in progress.

        Yields:
            Where it listens, as `host:port`.

        Raises:
            Zr0Error: It cannot listen there.
        """
        try:
            server = await serve(
                self._handle,
                self._endpoint.address,
                self._endpoint.port,
                # A web page in a browser on this machine reaches loopback too, and says where it is from.
                origins=[None],
                process_request=self._admit,
                compression=None,
                max_size=self._reader.max_bytes,
                max_queue=1,
                ping_interval=PING_INTERVAL_S,
                ping_timeout=PING_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
            )
        except OSError as error:
            raise Zr0Error(
                f"cannot listen at {self._endpoint.address}, port {self._endpoint.port}: {error}; choose another port"
            ) from error
        with self._executor:
            async with server:
                yield _name(server.sockets[0].getsockname())

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "OK\n")
        key = self._endpoint.key
        if key is not None and not is_authorised(key, request.headers.get_all("Authorization")):
            _logger.warning("%s is refused: no or another key", _name(connection.remote_address))
            return connection.respond(
                http.HTTPStatus.UNAUTHORIZED, "This server asks for its key: send Authorization: Api-Key KEY\n"
            )
        if len(connection.server.connections) >= MAX_CONNECTIONS:
            _logger.warning("%s is refused: too many clients", _name(connection.remote_address))
            return connection.respond(
                http.HTTPStatus.SERVICE_UNAVAILABLE, f"{MAX_CONNECTIONS} clients are connected, disconnect one first\n"
            )
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        client = _name(connection.remote_address)
        conversation = Conversation(self._policy, self._reader, client, self.latencies)
        try:
            await connection.send(self._greeting)
            await self._converse(connection, conversation)
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == CloseCode.MESSAGE_TOO_BIG:
                _logger.warning("%s is refused: %s", client, closed.sent.reason)
        except Zr0Error as error:
            await _refuse(connection, client, str(error))
        except Exception as error:
            # The edge to installed policies, which may raise anything.
            _logger.exception("policy %s failed", self._policy.name)
            await _refuse(connection, client, f"policy {self._policy.name} failed with {type(error).__name__}: {error}")
        finally:
            conversation.end()

    async def _converse(self, connection: ServerConnection, conversation: Conversation) -> None:
        previous_total_s = None
        while True:
            message = await connection.recv()
            start, arrived_ns = time.perf_counter(), time.time_ns()
            self._take(connection)
            async with self._turn:
                if connection.state is not State.OPEN:
                    return
                # In a thread, so that pings are answered meanwhile.
                reply = await asyncio.get_running_loop().run_in_executor(
                    self._executor, conversation.answer, message, arrived_ns, previous_total_s
                )
            await connection.send(reply)
            previous_total_s = time.perf_counter() - start

    def _take(self, connection: ServerConnection) -> None:
        """Give the policy to a connection, unless another one that is still open has it."""
        owner = self._owner
        if owner is not None and owner is not connection and owner.state is State.OPEN:
            raise Zr0Error(
                f"the policy is in use by {_name(owner.remote_address)}, and serves one client at a time: wait until "
                "that one disconnects, or start another server at another port"
            )
        self._owner = connection


async def _refuse(connection: ServerConnection, client: str, reason: str) -> None:
    line = " ".join(reason.split())[:_LONGEST_REASON]
    _logger.warning("%s is refused: %s", client, ascii(line))
    with contextlib.suppress(ConnectionClosed):
        await connection.send(line)
        short = line.encode()[:_LONGEST_CLOSE_REASON_BYTES].decode(errors="ignore")
        await connection.close(CloseCode.INTERNAL_ERROR, short)


def _name(address: object) -> str:
    """Write a socket's address, of either internet protocol, as people do."""
    if not isinstance(address, tuple):
        return "a client that left"
    host = f"[{address[0]}]" if ":" in str(address[0]) else address[0]
    return f"{host}:{address[1]}"
