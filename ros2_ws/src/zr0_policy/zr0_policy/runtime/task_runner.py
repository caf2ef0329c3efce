"""Runs a policy on one instruction at a time, in a thread of its own."""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError, StaleInputError, Zr0Error
from zr0_core.policy import Policy
from zr0_core.stamps import NANOSECONDS
from zr0_core.types import ActionChunk, FloatArray, Observation, Overlap

from zr0_policy.chunking.delay import DelayRecord, rows_begun
from zr0_policy.chunking.strategy import ChunkStrategy
from zr0_policy.runtime.input_buffer import InputBuffer
from zr0_policy.runtime.latency import LatencyWindow
from zr0_policy.runtime.pacing import Pacer

_logger = logging.getLogger(__name__)

TRANSPORT_ALLOWANCE_S = 0.05
"""Time that a chunk is given to reach the controller, seconds."""


class Outcome(Enum):
    """How a task ended."""

    TIME_UP = "time up"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """The end of a task."""

    outcome: Outcome
    """How it ended."""
    reason: str
    """Why, for a person."""
    num_chunks: int
    """Chunks published."""
    duration_s: float
    """Seconds from start to end."""


@dataclass(frozen=True, kw_only=True)
class TaskProgress:
    """What a runner is doing, at one moment."""

    instruction: str = ""
    """The task's instruction; empty when there is none."""
    is_running: bool = False
    """Whether a task is set."""
    started_s: float = 0.0
    """Monotonic time at which it was set."""
    num_chunks: int = 0
    """Chunks of this task."""
    num_late: int = 0
    """Chunks of this task that came too late for the controller to accept, and were not published."""
    num_slow: int = 0
    """Chunks of this task that took over after more rows than had been frozen for them."""
    sequence: int = 0
    """Sequence number of the last published chunk."""
    latency_s: float = 0.0
    """Newest observation to published chunk, for the last chunk, seconds."""
    inference_s: float = 0.0
    """The policy's part of it, seconds."""
    complaint: str = ""
    """What was wrong with the inputs of the last attempt; empty when it went well."""
    failure: str = ""
    """How the policy failed; empty until it does, and again with the next task."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the task was set."""
        return time.monotonic() - self.started_s


class TaskRunner:
    """Infers on the newest observation, when rate and strategy allow, and hands every chunk on.

    Args:
        policy: Turns observations into actions; used from the runner's thread only.
        embodiment: The robot.
        inputs: Where observations come from.
        publish: Called with every chunk, in the runner's thread.
        rate: Inferences per second at most; when one takes longer, the next begins at once with the newest observation.
        strategy: Says what the policy continues, what is published, and when the next inference may begin.
        delays: The delays of recent inferences; they go on from task to task.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        embodiment: Embodiment,
        inputs: InputBuffer,
        publish: Callable[[ActionChunk], None],
        rate: float,
        strategy: ChunkStrategy,
        delays: DelayRecord,
    ) -> None:
        self.policy = policy
        self.latency = LatencyWindow()
        self.inference = LatencyWindow()
        self.strategy = strategy
        self.delays = delays
        self._embodiment = embodiment
        self._inputs = inputs
        self._publish = publish
        self._period_s = 1.0 / rate
        self._chunk_s = embodiment.action.horizon * embodiment.action.step_period
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._stop_reason = ""
        self._thread: threading.Thread | None = None
        self._progress = TaskProgress()

    @property
    def progress(self) -> TaskProgress:
        """What the runner is doing."""
        with self._lock:
            return self._progress

    def start(self, instruction: str, max_duration_s: float, on_end: Callable[[TaskResult], None]) -> str:
        """Begin a task, unless one is running.

        Args:
            instruction: What to do, in words.
            max_duration_s: Seconds after which the task ends; 0 for never.
            on_end: Called once, from the runner's thread, when the task has ended.

        Returns:
            Why the task was refused; empty when it began.
        """
        if not instruction.strip():
            return "the instruction is empty; say in words what the robot should do"
        if not max_duration_s >= 0.0:
            return f"max_duration is {max_duration_s} s, expected 0 for no limit or a number above"
        with self._lock:
            if self._progress.is_running:
                return f"already running {self._progress.instruction!r}; cancel it first"
        self.join()
        with self._lock:
            self._progress = TaskProgress(
                instruction=instruction,
                is_running=True,
                started_s=time.monotonic(),
                sequence=self._progress.sequence,
            )
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(instruction, max_duration_s, on_end), name="inference", daemon=True
        )
        self._thread.start()
        return ""

    def cancel(self, reason: str) -> None:
        """Ask the running task to end for a reason; it does after the inference in progress."""
        if not self._stop.is_set():
            self._stop_reason = reason
            self._stop.set()

    def join(self) -> None:
        """Wait until no task is running."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, instruction: str, max_duration_s: float, on_end: Callable[[TaskResult], None]) -> None:
        try:
            outcome, reason = self._loop(instruction, max_duration_s)
        except Zr0Error as error:
            outcome, reason = Outcome.FAILED, str(error)
        except Exception as error:
            _logger.exception("the policy failed")
            outcome, reason = Outcome.FAILED, f"{type(error).__name__}: {error}"
        failure = reason if outcome is Outcome.FAILED else ""
        self._update(is_running=False, failure=failure, complaint="", instruction="")
        done = self.progress
        on_end(
            TaskResult(
                outcome=outcome,
                reason=reason,
                num_chunks=done.num_chunks,
                duration_s=done.elapsed_s,
            )
        )

    def _loop(self, instruction: str, max_duration_s: float) -> tuple[Outcome, str]:
        self.policy.reset(instruction)
        self.strategy.reset()
        end = time.monotonic() + max_duration_s if max_duration_s else math.inf
        pacer = Pacer(self._period_s)
        previous_stamp_ns: int | None = None
        while not self._stop.is_set():
            if time.monotonic() >= end:
                return Outcome.TIME_UP, f"{max_duration_s:g} s are over"
            observation = self._observe(instruction)
            if observation is not None:
                previous_stamp_ns = self._infer(observation, previous_stamp_ns)
            pacer.wait(self._stop)
            # No longer than a chunk lasts, even if the clock is set back.
            wait_s = min((self.strategy.next_inference_ns - time.time_ns()) / NANOSECONDS, self._chunk_s)
            self._stop.wait(min(wait_s, end - time.monotonic()))
        return Outcome.CANCELLED, self._stop_reason

    def _observe(self, instruction: str) -> Observation | None:
        try:
            return self._inputs.observe(time.time_ns(), instruction)
        except StaleInputError:
            # The status names stale inputs at its own rate, from the input buffer.
            return None
        except MessageError as error:
            self._update(complaint=str(error))
            return None

    def _infer(self, observation: Observation, previous_stamp_ns: int | None) -> int | None:
        stamp_ns = observation.newest_stamp_ns
        overlap = self.strategy.overlap(stamp_ns, self.delays.expected)
        began = time.monotonic()
        actions = self.policy.infer(observation, overlap)
        inference_s = time.monotonic() - began
        self._require_good(actions)
        delay = self._delay(stamp_ns)
        self.delays.add(delay)
        if self._stop.is_set() or self._is_late(stamp_ns):
            return previous_stamp_ns
        actions = self.strategy.publish(actions, stamp_ns, delay)
        sequence = self.progress.sequence + 1
        self._publish(
            ActionChunk(
                embodiment=self._embodiment.name,
                embodiment_hash=self._embodiment.content_hash,
                names=self._embodiment.action.names,
                actions=actions,
                step_period_s=self._embodiment.action.step_period,
                observation_stamp_ns=stamp_ns,
                sequence=sequence,
                num_executed_assumed=self._num_executed(previous_stamp_ns, stamp_ns, overlap),
            )
        )
        latency_s = (time.time_ns() - stamp_ns) / NANOSECONDS
        self.latency.add(latency_s)
        self.inference.add(inference_s)
        self._update(
            sequence=sequence,
            num_chunks=self.progress.num_chunks + 1,
            num_slow=self.progress.num_slow + (overlap is not None and delay > overlap.num_frozen),
            latency_s=latency_s,
            inference_s=inference_s,
            complaint="",
        )
        return stamp_ns

    def _is_late(self, stamp_ns: int) -> bool:
        age_s = (time.time_ns() - stamp_ns) / NANOSECONDS
        limit_s = min(self._embodiment.action.max_age, self._chunk_s) - TRANSPORT_ALLOWANCE_S
        if age_s <= limit_s:
            return False
        num_late = self.progress.num_late
        if num_late == 0:
            _logger.warning(
                "a chunk took until %.3f s after its observation, limit %.3f s: not published; this machine is too "
                "slow or too busy for the model (further ones of this task are counted in /diagnostics)",
                age_s,
                limit_s,
            )
        self._update(num_late=num_late + 1)
        return True

    def _delay(self, stamp_ns: int) -> int:
        """Rows of a chunk published now that will have been begun when the controller has it."""
        age_s = (time.time_ns() - stamp_ns) / NANOSECONDS
        return rows_begun(age_s + TRANSPORT_ALLOWANCE_S, self._embodiment.action.step_period)

    def _num_executed(self, previous_stamp_ns: int | None, stamp_ns: int, overlap: Overlap | None) -> int:
        """Rows of the previous chunk whose time had come at this chunk's observation, and those frozen for it."""
        if previous_stamp_ns is None:
            return 0
        elapsed_s = max(0, stamp_ns - previous_stamp_ns) / NANOSECONDS
        num_rows = int(elapsed_s / self._embodiment.action.step_period + 1e-6)
        num_frozen = 0 if overlap is None else overlap.num_frozen
        return min(num_rows + num_frozen, self._embodiment.action.horizon)

    def _require_good(self, actions: FloatArray) -> None:
        expected = (self._embodiment.action.horizon, len(self._embodiment.action.names))
        if actions.shape != expected:
            raise Zr0Error(f"policy {self.policy.name} returned actions of shape {actions.shape}, expected {expected}")
        if not np.isfinite(actions).all():
            row, column = np.argwhere(~np.isfinite(actions))[0]
            name = self._embodiment.action.names[column]
            raise Zr0Error(f"policy {self.policy.name} returned {actions[row, column]} for {name} in row {row}")

    def _update(self, **changes: object) -> None:
        with self._lock:
            values = {name: getattr(self._progress, name) for name in TaskProgress.__dataclass_fields__}
            self._progress = TaskProgress(**(values | changes))
