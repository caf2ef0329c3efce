"""The box's TCP servers: commands on the control port, state reports on the report ports."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from zr0_sim.box.codes import FeedbackType
from zr0_sim.box.faults import Fault
from zr0_sim.box.framing import HEARTBEAT, MODBUS_TCP, FrameReader, FramingError, Request
from zr0_sim.box.registers import Register
from zr0_sim.box.reports import PERIODS

logger = logging.getLogger(__name__)

RS485_REGISTERS = frozenset(
    {
        Register.RS485_RTU,
        Register.TOOL_WRITE_16,
        Register.TOOL_READ_16,
        Register.TOOL_WRITE_32,
        Register.TOOL_READ_32,
    }
)
"""Requests that travel over the slow bus through the arm."""
MAX_UNSENT = 1 << 16
"""Bytes that may wait for a slow reader of reports before reports are skipped."""
STALL_POLL = 0.005
"""Time between looks at whether stalled replies may go on, s."""


@dataclass(kw_only=True, eq=False)
class Connection:
    """One client on the control port."""

    writer: asyncio.StreamWriter
    """Its stream."""
    loop: asyncio.AbstractEventLoop
    """The loop that owns the stream."""
    feedback: FeedbackType = field(default=FeedbackType(0))
    """Events of its commands that it asked to be told about."""

    def send(self, frame: bytes) -> None:
        """Send a frame; callable from any thread."""
        # The loop closes while the arm may still end a motion: then nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._write, frame)

    def _write(self, frame: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(frame)


class Server:
    """Serves clients from a thread of its own.

    Args:
        host: Address to bind.
        control_port: Port for commands; 0 takes a free one.
        rs485_latency: Time that a request over the tool's bus takes, s.
        handle: Does what a request asks for and returns the response; called in the server's thread.
        report: Returns the report for a port; called in the server's thread.
        is_faulty: Tells whether a fault is in force for a target.
    """

    def __init__(
        self,
        *,
        host: str,
        control_port: int,
        rs485_latency: float,
        handle: Callable[[Request, Connection], bytes],
        report: Callable[[int], bytes],
        is_faulty: Callable[[Fault, str], bool],
    ) -> None:
        self._host = host
        self._control_port = control_port
        self._rs485_latency = rs485_latency
        self._handle = handle
        self._report = report
        self._is_faulty = is_faulty
        self._control: set[asyncio.StreamWriter] = set()
        self._readers: dict[int, set[asyncio.StreamWriter]] = {port: set() for port in PERIODS}
        self._clients: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: OSError | None = None

    @property
    def control_port(self) -> int:
        """The port for commands."""
        return self._control_port

    @property
    def num_clients(self) -> int:
        """Clients connected to the control port."""
        return len(self._control)

    def start(self) -> None:
        """Bind the ports and begin to serve.

        Raises:
            OSError: A port cannot be bound.
        """
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="xarm-box-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._loop is not None and self._stopping is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        # Clients of the bus take turns.
        self._bus = asyncio.Lock()
        servers = []
        try:
            control = await asyncio.start_server(self._connected, self._host, self._control_port)
            servers.append(control)
            self._control_port = control.sockets[0].getsockname()[1]
            for port in PERIODS:
                reports = await asyncio.start_server(self._serve_reports(port), self._host, port)
                servers.append(reports)
        except OSError as error:
            self._failure = OSError(error.errno, f"control box cannot serve at {self._host}: {error.strerror}")
            for server in servers:
                server.close()
            self._started.set()
            return
        self._started.set()
        tasks = [asyncio.create_task(self._push_reports(port, period)) for port, period in PERIODS.items()]
        tasks.append(asyncio.create_task(self._cut_links()))
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers:
            server.close()
        for writer in [*self._control, *(writer for writers in self._readers.values() for writer in writers)]:
            writer.transport.abort()
        await asyncio.gather(*self._clients)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own, so that its end can be awaited.
        task = asyncio.create_task(self._serve_control(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_faulty(Fault.LINK_DROP, "control"):
            writer.transport.abort()
            return
        self._control.add(writer)
        connection = Connection(writer=writer, loop=asyncio.get_running_loop())
        frames = FrameReader()
        try:
            while received := await reader.read(4096):
                for request in frames.feed(received):
                    await self._answer(request, connection)
        except FramingError as error:
            logger.warning("client disconnected: %s", error)
        except ConnectionError:
            logger.info("client connection lost")
        finally:
            self._control.discard(writer)
            writer.close()

    async def _answer(self, request: Request, connection: Connection) -> None:
        if request.protocol == HEARTBEAT:
            return
        if request.protocol == MODBUS_TCP:
            raise FramingError("standard Modbus TCP is not served; use the private protocol (2 or 3)")
        if request.register in RS485_REGISTERS and self._rs485_latency > 0.0:
            async with self._bus:
                await asyncio.sleep(self._rs485_latency)
        response = self._handle(request, connection)
        while self._is_faulty(Fault.STALLED_REPLIES, "") and not connection.writer.is_closing():
            await asyncio.sleep(STALL_POLL)
        connection.writer.write(response)
        await connection.writer.drain()

    def _serve_reports(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001
            if self._is_faulty(Fault.LINK_DROP, "report"):
                writer.transport.abort()
            else:
                self._readers[port].add(writer)

        return connected

    async def _push_reports(self, port: int, period: float) -> None:
        due = time.monotonic()
        while True:
            due = max(due + period, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            writers = self._readers[port]
            writers.difference_update([writer for writer in writers if writer.is_closing()])
            if not writers or self._is_faulty(Fault.LOST_REPORTS, ""):
                continue
            report = self._report(port)
            for writer in writers:
                if writer.transport.get_write_buffer_size() < MAX_UNSENT:
                    writer.write(report)

    async def _cut_links(self) -> None:
        while True:
            await asyncio.sleep(STALL_POLL)
            if self._is_faulty(Fault.LINK_DROP, "control"):
                for writer in tuple(self._control):
                    writer.transport.abort()
            if self._is_faulty(Fault.LINK_DROP, "report"):
                for writers in self._readers.values():
                    for writer in writers:
                        writer.transport.abort()
                    writers.clear()
