"""The box's state machine: enabling, modes, states, errors, and the setpoint that the arm is given each tick."""

import logging
from collections.abc import Callable

import numpy as np
from zr0_core.types import FloatArray

from zr0_sim.box.arm_model import ArmModel
from zr0_sim.box.audit import MotionAudit
from zr0_sim.box.codes import (
    BadParameterError,
    ErrorCode,
    FeedbackCode,
    FeedbackType,
    Mode,
    MotionFaultError,
    State,
    Status,
    WarningCode,
)
from zr0_sim.box.framing import encode_feedback
from zr0_sim.box.generators import (
    CartesianOnline,
    CartesianVelocity,
    Generator,
    Hold,
    JointOnline,
    JointVelocity,
    Servo,
    Teach,
)
from zr0_sim.box.monitor import Monitor
from zr0_sim.box.plant import Plant
from zr0_sim.box.settings import Settings
from zr0_sim.box.task_queue import Task, TaskQueue

logger = logging.getLogger(__name__)

EMERGENCY_STOPS = (ErrorCode.EMERGENCY_STOP_BUTTON, ErrorCode.EMERGENCY_STOP_INPUT)


class Machine:
    """What the box is doing. Not thread-safe: callers hold the box's lock.

    Args:
        model: The arm.
        plant: What moves.
        monitor: Watches the plant for collision and over-speed.
        audit: Records what the clients command and what the plant does.
        now: Time of the box, s.
    """

    def __init__(
        self, model: ArmModel, plant: Plant, monitor: Monitor, audit: MotionAudit, now: Callable[[], float]
    ) -> None:
        self.model = model
        self.plant = plant
        self.settings = Settings()
        self.audit = audit
        self.now = now
        self.mode = Mode.POSITION
        self.error = ErrorCode.NONE
        self.warning = WarningCode.NONE
        self.reason = ""
        """Why the present error came, in words."""
        self.enabled = 0
        """Bit mask of the joints whose drives are on."""
        self.setpoint = np.array(plant.positions, dtype=np.float64)
        """Joint positions that the plant is asked for, (N,), rad."""
        self.setpoint_velocity = np.zeros(model.num_joints)
        """Its velocity, rad/s."""
        self.queue = TaskQueue(model, self._notify)
        self.generator: Generator = Hold(model)
        self.conditions: dict[ErrorCode, str] = {}
        """Causes of errors that persist; while one does, its error cannot be cleared."""
        self._monitor = monitor
        self._state = State.STOPPED
        self._num_tasks = 0

    @property
    def state(self) -> State:
        """State as reported."""
        if self._state is State.READY and not self.generator.is_idle:
            return State.MOVING
        return self._state

    @property
    def is_enabled(self) -> bool:
        """Tell whether all drives are on."""
        return self.enabled == (1 << self.model.num_joints) - 1

    @property
    def is_ready(self) -> bool:
        """Tell whether motion commands are accepted."""
        return self._state in {State.READY, State.PAUSED} and self.is_enabled and self.error is ErrorCode.NONE

    @property
    def status(self) -> Status:
        """Status byte of the next response."""
        status = Status(0) if self.is_ready else Status.NOT_READY
        if self.error:
            status |= Status.ERROR
        if self.warning:
            status |= Status.WARNING
        return status

    def tick(self, dt: float) -> None:
        """Advance setpoint and plant by `dt` seconds."""
        if isinstance(self.generator, Teach):
            self.generator.measured = self.plant.positions
        following = self._next_setpoint(dt)
        self.setpoint_velocity = (following - self.setpoint) / dt
        self.setpoint = following
        if self._state is State.STOPPING and self.generator.is_idle:
            self.stop(State.STOPPED)
        self.plant.set_targets(self.setpoint)
        self.plant.step(dt)
        self.audit.record_plant(self.plant.velocities)
        fault = self._monitor.check(self.plant, self.settings.collision_sensitivity)
        if fault is not None and self.is_ready:
            self.synchronise()
            self.raise_error(fault.code, str(fault))

    def set_mode(self, number: int) -> None:
        """Change the mode; motion stops, the queue is dropped and the box waits for state 0.

        Raises:
            BadParameterError: There is no such mode.
        """
        if number not in tuple(Mode):
            raise BadParameterError(f"mode is {number}, expected one of {[mode.value for mode in Mode]}")
        self.mode = Mode(number)
        self.reconfigure()

    def set_state(self, number: int) -> None:
        """Do what a client asks: 0 get ready or resume, 3 pause, 4 stop, 6 stop with deceleration along the path.

        Raises:
            BadParameterError: There is no such request.
        """
        if number == 0:
            self._get_ready()
        elif number == State.PAUSED:
            if self._state is State.READY:
                self._state = State.PAUSED
                self._rest()
        elif number == State.STOPPED:
            self.stop(State.STOPPED)
        elif number == State.STOPPING:
            if self._state in {State.READY, State.PAUSED}:
                self._state = State.STOPPING
                self._rest()
        else:
            raise BadParameterError(f"state is {number}, expected 0, 3, 4 or 6")

    def enable(self, axis: int, is_on: bool) -> None:
        """Switch the drive of a joint (1-based), or of all of them (8), on or off.

        Raises:
            BadParameterError: There is no such joint.
        """
        if not (1 <= axis <= self.model.num_joints or axis == 8):
            raise BadParameterError(f"joint is {axis}, expected 1 to {self.model.num_joints}, or 8 for all")
        mask = (1 << self.model.num_joints) - 1 if axis == 8 else 1 << (axis - 1)
        if is_on and not any(code in self.conditions for code in EMERGENCY_STOPS):
            if not self.is_enabled:
                self.synchronise()
            self.enabled |= mask
        elif not is_on:
            self.enabled &= ~mask
        self.reconfigure()

    def reconfigure(self) -> None:
        """Stop because the configuration changed; an error keeps its state."""
        self.stop(State.STOPPED if self.error else State.CONFIG_CHANGED)

    def stop(self, state: State) -> None:
        """Bring the setpoint to rest, drop the queue and report `state`."""
        self._state = state
        self._set_generator(Hold(self.model))
        self.queue.clear()

    def raise_error(self, code: ErrorCode, reason: str) -> None:
        """Stop with an error. The first error stays until it is cleared; an emergency stop overrides it."""
        if self.error is ErrorCode.NONE or code in EMERGENCY_STOPS:
            self.error, self.reason = code, reason
            logger.warning("error C%d (%s): %s", code, code.name.lower(), reason)
        if code in EMERGENCY_STOPS:
            self.enabled = 0
        self.stop(State.STOPPED)

    def warn(self, code: WarningCode, reason: str) -> None:
        """Show a warning."""
        self.warning = code
        logger.warning("warning C%d (%s): %s", code, code.name.lower(), reason)

    def clear_error(self) -> None:
        """Clear the error, unless its cause persists. The box stays stopped until state 0."""
        if self.error is ErrorCode.NONE:
            return
        self.error, self.reason = ErrorCode.NONE, ""
        for code, reason in self.conditions.items():
            self.raise_error(code, reason)

    def clear_warning(self) -> None:
        """Clear the warning."""
        self.warning = WarningCode.NONE

    def synchronise(self) -> None:
        """Let the setpoint go on from where the arm is and how it moves."""
        self.setpoint = np.array(self.plant.positions, dtype=np.float64)
        limit = self.model.max_velocity
        self.setpoint_velocity = np.clip(self.plant.velocities, -limit, limit)

    def next_task_number(self) -> int:
        """Return a new task number."""
        self._num_tasks += 1
        return self._num_tasks

    def _rest(self) -> None:
        """Bring queued motion to rest on its path, any other as fast as the arm can."""
        self.queue.is_paused = True
        if self.generator is not self.queue:
            self._set_generator(Hold(self.model))

    def _next_setpoint(self, dt: float) -> FloatArray:
        try:
            following = self.generator.step(self.setpoint, self.setpoint_velocity, dt)
            if not isinstance(self.generator, Hold | Teach):
                self.model.check_limits(following)
                self._check_boundary(following)
        except MotionFaultError as error:
            self.raise_error(error.code, str(error))
            following = self.generator.step(self.setpoint, self.setpoint_velocity, dt)
        return following

    def _check_boundary(self, following: FloatArray) -> None:
        reduced = self.settings.reduced
        if np.array_equal(following, self.setpoint):
            return
        if reduced.is_on and not reduced.allows(following):
            raise MotionFaultError(
                ErrorCode.JOINT_LIMIT, f"joints at {following.round(3).tolist()} rad leave the reduced joint range"
            )
        if not reduced.is_fence_on:
            return
        pose = self.settings.wire_pose(self.model, following)
        if not reduced.is_inside(pose):
            raise MotionFaultError(
                ErrorCode.SAFETY_BOUNDARY, f"tool at {pose[:3].round(1).tolist()} mm is outside {reduced.tcp_boundary}"
            )

    def _get_ready(self) -> None:
        if self.error or self.conditions or not self.is_enabled:
            return
        if self._state is State.STOPPING:
            self.stop(State.STOPPED)
        if self._state is not State.READY and self.generator is not self.queue:
            self._set_generator(self._generator_of_mode())
        self.queue.is_paused = False
        self._state = State.READY

    def _generator_of_mode(self) -> Generator:
        model, settings, setpoint = self.model, self.settings, self.setpoint
        make: dict[Mode, Callable[[], Generator]] = {
            Mode.POSITION: lambda: self.queue,
            Mode.SERVO: lambda: Servo(model, setpoint),
            Mode.TEACH: Teach,
            Mode.JOINT_VELOCITY: lambda: JointVelocity(model),
            Mode.CARTESIAN_VELOCITY: lambda: CartesianVelocity(model, settings, setpoint),
            Mode.JOINT_ONLINE: lambda: JointOnline(model, setpoint),
            Mode.CARTESIAN_ONLINE: lambda: CartesianOnline(model, settings, setpoint),
        }
        return make[self.mode]()

    def _set_generator(self, generator: Generator) -> None:
        if isinstance(self.generator, Teach) or isinstance(generator, Teach):
            self.plant.set_free_drive(isinstance(generator, Teach))
        self.generator = generator
        self.audit.start_stream()

    def _notify(self, task: Task, kind: FeedbackType, code: FeedbackCode) -> None:
        if task.feedback & kind:
            task.send(
                encode_feedback(
                    task.request,
                    self.status,
                    feedback_type=kind,
                    task=task.number,
                    code=code,
                    microseconds=int(self.now() * 1e6),
                )
            )
