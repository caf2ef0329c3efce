"""The xArm control box: protocol, state machine and arm, put together."""

import logging
import threading
import time
from dataclasses import dataclass

from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import ArmModel
from zr0_sim.box.audit import MotionAudit
from zr0_sim.box.codes import ErrorCode, Mode, State
from zr0_sim.box.faults import Fault, Faults
from zr0_sim.box.framing import Request
from zr0_sim.box.gripper import Gripper
from zr0_sim.box.handlers.context import Call, Context
from zr0_sim.box.handlers.dispatch import dispatch
from zr0_sim.box.io import BoxIo, ToolRegisters
from zr0_sim.box.machine import Machine
from zr0_sim.box.monitor import Monitor
from zr0_sim.box.output_schedule import OutputSchedule
from zr0_sim.box.plant import KinematicPlant, Plant
from zr0_sim.box.reports import encode_report
from zr0_sim.box.server import Connection, Server

logger = logging.getLogger(__name__)

TICK_PERIOD = 0.004
"""Time between ticks, s: the box works at 250 Hz."""


@dataclass(frozen=True, kw_only=True)
class BoxConfig:
    """How a box is set up."""

    embodiment: Embodiment
    """The arm."""
    host: str = "127.0.0.1"
    """Address to serve at. The report ports are fixed, so that each box needs an address of its own."""
    control_port: int = 502
    """Port for commands; ports below 1024 may need rights; 0 takes a free one."""
    firmware: str = "v2.7.1"
    """Firmware version that clients are told."""
    rs485_latency: float = 0.008
    """Time that a request to the gripper takes, s."""
    command_period: float = 0.01
    """Nominal time between servo commands, s; the motion audit counts on it."""
    collision_thresholds: tuple[float, ...] = (float("inf"), 60.0, 45.0, 35.0, 25.0, 15.0)
    """Contact torque, N m, that is a collision, by sensitivity 0 to 5."""

    def __post_init__(self) -> None:
        if not 0 <= self.control_port <= 65535:
            raise ValueError(f"control_port is {self.control_port}, expected 0 to 65535")
        if not 0.0 <= self.rs485_latency <= 1.0:
            raise ValueError(f"rs485_latency is {self.rs485_latency}, expected 0 to 1 s")
        if not self.command_period > 0.0:
            raise ValueError(f"command_period is {self.command_period}, expected a time above 0 s")


@dataclass(frozen=True, kw_only=True)
class BoxStatus:
    """What a box is doing."""

    mode: Mode
    state: State
    error: ErrorCode
    reason: str
    """Why the error came, in words."""
    is_ready: bool
    """Whether motion commands are accepted."""
    setpoint: FloatArray
    """Joint positions that the plant is asked for, (N,), rad."""
    faults: tuple[Fault, ...]
    """Injected faults in force."""


class FaultInjector:
    """Injects faults from any thread; see `Faults`."""

    def __init__(self, faults: Faults, lock: threading.RLock) -> None:
        self._faults = faults
        self._lock = lock

    def inject(self, kind: str, target: str = "", duration: float = 0.0) -> None:
        """Make something fail; arguments and errors as for `Faults.inject`."""
        with self._lock:
            self._faults.inject(kind, target, duration)

    def clear(self, kind: str = "") -> None:
        """End one fault, or all of them; errors as for `Faults.clear`."""
        with self._lock:
            self._faults.clear(kind)


class Box:
    """A control box with an arm.

    Either `start` runs it in real time with a thread of its own, or `serve` opens the ports and the caller ticks it.
    The box's time is the number of ticks times 4 ms, so that a box that the caller ticks is deterministic.

    Args:
        config: Set-up.
        plant: What moves; by default an arm without dynamics at the embodiment's home position.
    """

    def __init__(self, config: BoxConfig, plant: Plant | None = None) -> None:
        self.config = config
        self.plant: Plant = KinematicPlant(config.embodiment.home) if plant is None else plant
        self.lock = threading.RLock()
        """Held during ticks and requests; hold it to read several things of one moment."""
        model = ArmModel.of(config.embodiment)
        self._num_ticks = 0
        self._audit = MotionAudit(config.embodiment.arm.hardware_limits, config.command_period, TICK_PERIOD)
        monitor = Monitor(config.collision_thresholds, model.max_velocity)
        self._machine = Machine(model, self.plant, monitor, self._audit, self.now)
        self._faults = Faults(self._machine, self.now)
        self.faults = FaultInjector(self._faults, self.lock)
        """Makes the box fail."""
        self._gripper = Gripper(self.plant, config.embodiment.gripper.velocity)
        self._context = Context(
            machine=self._machine,
            gripper=self._gripper,
            tool=ToolRegisters(),
            io=BoxIo(),
            schedule=OutputSchedule(),
            firmware=config.firmware,
        )
        self._server = Server(
            host=config.host,
            control_port=config.control_port,
            rs485_latency=config.rs485_latency,
            handle=self._handle,
            report=self._report,
            is_faulty=self._is_faulty,
        )
        self._running = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def control_port(self) -> int:
        """The port for commands."""
        return self._server.control_port

    @property
    def num_clients(self) -> int:
        """Clients connected to the control port."""
        return self._server.num_clients

    @property
    def audit(self) -> MotionAudit:
        """The record of commanded motion. Hold `lock` while reading more than one thing of it."""
        return self._audit

    @property
    def status(self) -> BoxStatus:
        """A snapshot of what the box is doing."""
        with self.lock:
            machine = self._machine
            return BoxStatus(
                mode=machine.mode,
                state=machine.state,
                error=machine.error,
                reason=machine.reason,
                is_ready=machine.is_ready,
                setpoint=machine.setpoint.copy(),
                faults=self._faults.active,
            )

    def now(self) -> float:
        """Return the box's time, s since it was made."""
        return self._num_ticks * TICK_PERIOD

    def serve(self) -> None:
        """Open the ports; the caller ticks the box.

        Raises:
            OSError: A port cannot be bound.
        """
        self._server.start()
        logger.info("control box serves at %s, control port %d", self.config.host, self.control_port)

    def start(self) -> None:
        """Open the ports and run in real time.

        Raises:
            OSError: A port cannot be bound.
        """
        self.serve()
        self._running.set()
        self._thread = threading.Thread(target=self._run, name="xarm-box-ticks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking and serving."""
        self._running.clear()
        if self._thread is not None:
            self._thread.join()
        self._server.stop()

    def tick(self) -> None:
        """Advance by 4 ms."""
        with self.lock:
            self._num_ticks += 1
            self._faults.tick()
            self._machine.tick(TICK_PERIOD)
            self._gripper.tick()
            self._context.schedule.tick(self.now(), self._tool_pose)

    def _tool_pose(self) -> FloatArray:
        return self._machine.settings.wire_pose(self._machine.model, self.plant.positions)

    def _run(self) -> None:
        due = time.monotonic()
        while self._running.is_set():
            self.tick()
            due += TICK_PERIOD
            delay = due - time.monotonic()
            if delay > 0.0:
                time.sleep(delay)
            elif delay < -0.1:
                logger.warning("the box is %.0f ms late and gives up catching up", -delay * 1e3)
                due = time.monotonic()

    def _handle(self, request: Request, connection: Connection) -> bytes:
        with self.lock:
            return dispatch(Call(context=self._context, request=request, client=connection))

    def _report(self, port: int) -> bytes:
        with self.lock:
            return encode_report(self._context, port)

    def _is_faulty(self, fault: Fault, target: str) -> bool:
        # One look-up needs no lock, and the server asks for every request.
        return self._faults.is_active(fault, target)
