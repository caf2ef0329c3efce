"""Run episodes on a started stack: wait until it is ready, then task after task."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_bringup.ros.operator import Operator, OperatorError
from zr0_bringup.ros.session_node import SessionNode
from zr0_bringup.session.moment import Stage
from zr0_bringup.session.samples import EpisodeResult, SimSample

READY_TIMEOUT_S = 240.0
HOMING_TIMEOUT_S = 60.0
HOMING_ATTEMPTS = 2
SETTLE_S = 0.5
AFTER_SUCCESS_S = 1.5
HOME_TOLERANCE_RAD = 0.03
POLL_S = 0.02


class NotReadyError(Zr0Error):
    """The stack does not come up; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class EpisodePlan:
    """What is to be run."""

    task: str
    """Name of the task."""
    num_episodes: int
    """How often it is set up."""
    duration_s: float
    """Longest episode, seconds."""
    first_seed: int
    """Seed of the first episode; it grows by one."""
    is_dry_run: bool
    """Whether the arm never moves, so that there is no homing to wait for."""


class SessionRunner:
    """Runs the episodes of a plan.

    Args:
        node: Records the stack.
        operator: Acts on it.
        embodiment: Gives the home position.
        stage: Told what is going on.
        on_wait: Called all the time while waiting; it may raise to end the session.
    """

    def __init__(
        self, node: SessionNode, operator: Operator, embodiment: Embodiment, stage: Stage, on_wait: Callable[[], None]
    ) -> None:
        self._node = node
        self._operator = operator
        self._home = np.array(embodiment.arm.home)
        self._stage = stage
        self._on_wait = on_wait

    def wait_until_ready(self, topics: tuple[str, ...]) -> None:
        """Wait until all lifecycle nodes are active and all topics have spoken.

        Raises:
            NotReadyError: That takes too long.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            reason = self._missing(topics)
            if not reason:
                return
            self._stage.text = f"waiting: {reason}"
            if time.monotonic() > deadline:
                raise NotReadyError(f"the stack was not ready after {READY_TIMEOUT_S:.0f} s: {reason}")
            self._pause()

    def run(self, plan: EpisodePlan) -> None:
        """Run all episodes; results go into the record.

        Raises:
            OperatorError: A service or the action refused or did not answer.
        """
        self._stage.num_episodes = plan.num_episodes
        for number in range(1, plan.num_episodes + 1):
            self._stage.episode, self._stage.start_s = number, self._node.now_s
            self._node.record.episodes.append(self._episode(plan, number))

    def _missing(self, topics: tuple[str, ...]) -> str:
        if not self._node.latest.is_ready:
            return f"bring-up: {self._node.latest.bring_up}"
        silent = [topic for topic in topics if self._node.record.meter(topic).count == 0]
        if silent:
            return f"nothing yet on {', '.join(silent)}"
        return "" if self._node.record.measured else self._node.latest.joint_problem

    def _episode(self, plan: EpisodePlan, number: int) -> EpisodeResult:
        seed = plan.first_seed + number - 1
        if not plan.is_dry_run:
            self._go_home()
        self._stage.text = f"setting up {plan.task}, seed {seed}"
        self._stage.instruction = self._operator.reset_task(plan.task, seed)
        self._rest(SETTLE_S)
        start = self._node.now_s
        self._stage.text, self._stage.start_s = self._stage.instruction, start
        handle = self._operator.start_task(self._stage.instruction, plan.duration_s)
        result = self._operator.result_of(handle)
        while not result.done() and not self._has_succeeded(start) and self._controller_state != "fault":
            self._pause()
        if self._has_succeeded(start):
            self._rest(AFTER_SUCCESS_S)
        outcome = self._operator.end_task(handle, result)
        samples = [sample for sample in self._node.record.sim if sample.time_s >= start]
        return EpisodeResult(
            number=number,
            seed=seed,
            instruction=self._stage.instruction,
            start_s=start,
            end_s=self._node.now_s,
            is_success=any(sample.is_success for sample in samples),
            progress=_largest(samples, "progress"),
            outcome=outcome.outcome,
            reason=outcome.reason,
            num_chunks=outcome.num_chunks,
            max_velocity=_largest(samples, "max_velocity"),
            max_acceleration=_largest(samples, "max_acceleration"),
            max_jerk=_largest(samples, "max_jerk"),
        )

    def _go_home(self) -> None:
        """Bring the arm home, and out of a fault that an earlier episode ended in. One failure is forgiven."""
        for attempt in range(1, HOMING_ATTEMPTS + 1):
            self._stage.text = "going home"
            try:
                self._home_once()
            except OperatorError as error:
                if attempt == HOMING_ATTEMPTS:
                    raise
                self._stage.text = f"going home again: {error}"
                self._rest(SETTLE_S)
            else:
                return

    def _home_once(self) -> None:
        if self._controller_state == "fault":
            self._operator.recover()
        if self._controller_state == "disabled":
            self._operator.enable()
        self._operator.home()
        deadline = time.monotonic() + HOMING_TIMEOUT_S
        while not self._is_home():
            state = self._node.record.controller[-1]
            if state.state in {"fault", "disconnected", "disabled"}:
                raise OperatorError(f"the arm did not reach home: controller {state.state}, {state.reason}")
            if time.monotonic() > deadline:
                raise OperatorError(f"the arm did not reach home within {HOMING_TIMEOUT_S:.0f} s: {state.reason}")
            self._pause()

    @property
    def _controller_state(self) -> str:
        return self._node.record.controller[-1].state

    def _is_home(self) -> bool:
        measured = np.array(self._node.record.measured[-1].positions[: len(self._home)])
        is_near = bool(np.max(np.abs(measured - self._home)) < HOME_TOLERANCE_RAD)
        return is_near and self._controller_state == "holding"

    def _has_succeeded(self, start_s: float) -> bool:
        last = self._node.record.sim[-1]
        return last.is_success and last.time_s > start_s

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._pause()

    def _pause(self) -> None:
        self._on_wait()
        time.sleep(POLL_S)


def _largest(samples: list[SimSample], name: str) -> float:
    return max((float(getattr(sample, name)) for sample in samples), default=0.0)
