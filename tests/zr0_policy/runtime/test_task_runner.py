"""The runner with a real clock, a real thread and a policy of the test's own."""

import dataclasses
import math
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.types import ActionChunk, FloatArray, Observation, Overlap
from zr0_policy.chunking.delay import DelayRecord
from zr0_policy.chunking.latest import LatestChunk
from zr0_policy.chunking.real_time import RealTimeChunk
from zr0_policy.chunking.strategy import ChunkStrategy
from zr0_policy.chunking.sync import SyncChunk
from zr0_policy.runtime.input_buffer import InputBuffer
from zr0_policy.runtime.task_runner import Outcome, TaskResult, TaskRunner
from zr0_test_support.messages import Image, JointState, header


class Counting:
    """Counts its inferences into the first joint."""

    name = "counting"
    is_trained = True
    is_guided = True

    def __init__(self, answer: Callable[[FloatArray], FloatArray] = lambda actions: actions) -> None:
        self.instructions: list[str] = []
        self.num_inferences = 0
        self.overlaps: list[Overlap | None] = []
        self.answer = answer

    def reset(self, instruction: str) -> None:
        self.instructions.append(instruction)

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:
        self.num_inferences += 1
        self.overlaps.append(overlap)
        actions = np.tile(observation.state, (16, 1))
        actions[:, 0] = self.num_inferences
        return self.answer(actions)


class Bench:
    """A runner, what it published and how its tasks ended."""

    def __init__(
        self,
        embodiment: Embodiment,
        policy: Counting,
        rate: float = 40.0,
        strategy: ChunkStrategy | None = None,
    ) -> None:
        self.embodiment = embodiment
        self.inputs = InputBuffer(embodiment)
        self.chunks: list[ActionChunk] = []
        self.results: list[TaskResult] = []
        self.ended = threading.Event()
        self.runner = TaskRunner(
            policy=policy,
            embodiment=embodiment,
            inputs=self.inputs,
            publish=self.chunks.append,
            rate=rate,
            strategy=LatestChunk() if strategy is None else strategy,
            delays=DelayRecord(10),
        )

    def feed(self) -> None:
        now_ns = time.time_ns()
        for camera in self.embodiment.cameras:
            image = Image(
                header=header(now_ns), height=480, width=640, encoding="rgb8", step=1920, data=bytes(480 * 1920)
            )
            self.inputs.add_image(camera.key, image)
        names = self.embodiment.measured_names
        self.inputs.add_joint_state(JointState(header=header(now_ns), name=names, position=[0.0] * len(names)))

    def start(self, instruction: str = "go", max_duration_s: float = 0.0) -> str:
        self.ended.clear()
        return self.runner.start(instruction, max_duration_s, self.on_end)

    def on_end(self, result: TaskResult) -> None:
        self.results.append(result)
        self.ended.set()

    def feed_until(self, predicate: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10.0
        while not predicate():
            assert time.monotonic() < deadline
            self.feed()
            time.sleep(0.02)


def test_chunks_carry_everything_and_count_up(embodiment: Embodiment) -> None:
    policy = Counting()
    bench = Bench(embodiment, policy)
    assert bench.start("go") == ""
    bench.feed_until(lambda: len(bench.chunks) >= 3)
    bench.runner.cancel("enough")
    bench.runner.join()
    assert policy.instructions == ["go"]
    assert [chunk.sequence for chunk in bench.chunks] == list(range(1, len(bench.chunks) + 1))
    first, second = bench.chunks[:2]
    assert (first.embodiment, first.embodiment_hash) == (embodiment.name, embodiment.content_hash)
    assert (first.names, first.step_period_s) == (embodiment.action.names, 0.1)
    assert (first.actions[0, 0], second.actions[0, 0]) == (1.0, 2.0)
    assert first.num_executed_assumed == 0
    elapsed_s = (second.observation_stamp_ns - first.observation_stamp_ns) * 1e-9
    assert second.num_executed_assumed == int(elapsed_s / 0.1 + 1e-6)
    (result,) = bench.results
    assert (result.outcome, result.reason, result.num_chunks) == (Outcome.CANCELLED, "enough", len(bench.chunks))
    progress = bench.runner.progress
    assert not progress.is_running
    assert 0.0 <= progress.inference_s < progress.latency_s
    assert bench.runner.latency.summary().count == len(bench.chunks)


def test_sequence_numbers_go_on_in_the_next_task(embodiment: Embodiment) -> None:
    bench = Bench(embodiment, Counting())
    for _ in range(2):
        bench.chunks.clear()
        bench.start()
        bench.feed_until(lambda: len(bench.chunks) >= 1)
        bench.runner.cancel("enough")
        bench.runner.join()
    assert bench.chunks[0].sequence > 1
    assert bench.chunks[0].num_executed_assumed == 0
    assert bench.results[1].num_chunks == len(bench.chunks)


def test_no_input_no_inference(embodiment: Embodiment) -> None:
    policy = Counting()
    bench = Bench(embodiment, policy)
    bench.start(max_duration_s=0.2)
    assert bench.ended.wait(10.0)
    assert policy.num_inferences == 0
    assert (bench.results[0].outcome, bench.results[0].reason) == (Outcome.TIME_UP, "0.2 s are over")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda actions: actions[:3], r"policy counting returned actions of shape (3, 8), expected (16, 8)"),
        (lambda actions: np.full_like(actions, np.nan), "policy counting returned nan for joint1 in row 0"),
    ],
)
def test_what_a_policy_must_not_return_fails_the_task(
    embodiment: Embodiment, answer: Callable[[FloatArray], FloatArray], reason: str
) -> None:
    bench = Bench(embodiment, Counting(answer))
    bench.start()
    bench.feed_until(bench.ended.is_set)
    assert (bench.results[0].outcome, bench.results[0].reason) == (Outcome.FAILED, reason)
    assert bench.runner.progress.failure == reason
    assert not bench.chunks


@pytest.mark.parametrize(
    ("error", "reason"), [(Zr0Error("no objects"), "no objects"), (ZeroDivisionError("oh"), "ZeroDivisionError: oh")]
)
def test_what_a_policy_raises_fails_the_task_and_the_next_one_starts_clean(
    embodiment: Embodiment, error: Exception, reason: str
) -> None:
    def raise_it(_actions: FloatArray) -> FloatArray:
        raise error

    policy = Counting(raise_it)
    bench = Bench(embodiment, policy)
    bench.start()
    bench.feed_until(bench.ended.is_set)
    assert (bench.results[0].outcome, bench.results[0].reason) == (Outcome.FAILED, reason)
    policy.answer = lambda actions: actions
    assert bench.start() == ""
    assert bench.runner.progress.failure == ""
    bench.feed_until(lambda: len(bench.chunks) >= 1)
    bench.runner.cancel("enough")
    bench.runner.join()


def test_a_chunk_that_the_controller_would_refuse_as_stale_is_counted_not_published(embodiment: Embodiment) -> None:
    def dawdle(actions: FloatArray) -> FloatArray:
        time.sleep(0.5)
        return actions

    policy = Counting(dawdle)
    bench = Bench(embodiment, policy)
    bench.start()
    bench.feed_until(lambda: bench.runner.progress.num_late == 1)
    assert not bench.chunks
    policy.answer = lambda actions: actions
    bench.feed_until(lambda: len(bench.chunks) >= 1)
    assert bench.chunks[0].sequence == 1
    assert bench.chunks[0].num_executed_assumed == 0
    bench.runner.cancel("enough")
    bench.runner.join()


def test_a_second_task_and_nonsense_are_refused(embodiment: Embodiment) -> None:
    bench = Bench(embodiment, Counting())
    assert "the instruction is empty" in bench.start(" ")
    assert bench.start("go", -1.0) == "max_duration is -1.0 s, expected 0 for no limit or a number above"
    assert "max_duration is nan s" in bench.start("go", float("nan"))
    assert bench.start("first") == ""
    assert bench.start("second") == "already running 'first'; cancel it first"
    bench.runner.cancel("enough")
    bench.runner.join()
    assert len(bench.results) == 1


def test_an_undecodable_frame_is_a_complaint_until_a_good_one_comes(embodiment: Embodiment) -> None:
    bench = Bench(embodiment, Counting())
    bench.start()
    deadline = time.monotonic() + 10.0
    while not bench.runner.progress.complaint:
        assert time.monotonic() < deadline
        now_ns = time.time_ns()
        for camera in embodiment.cameras:
            bench.inputs.add_image(camera.key, Image(header=header(now_ns), encoding="rgb8"))
        names = embodiment.measured_names
        bench.inputs.add_joint_state(JointState(header=header(now_ns), name=names, position=[0.0] * len(names)))
        time.sleep(0.02)
    assert bench.runner.progress.complaint.startswith("camera front: image of 0x0 pixels is empty")
    bench.feed_until(lambda: bench.runner.progress.complaint == "")
    bench.runner.cancel("enough")
    bench.runner.join()


def test_the_policy_continues_what_is_executed_and_the_frozen_rows_are_published_unchanged(
    embodiment: Embodiment,
) -> None:
    policy = Counting()
    bench = Bench(embodiment, policy, strategy=RealTimeChunk(horizon=16, step_period_s=0.1, min_rows=2))
    bench.start()
    bench.feed_until(lambda: len(bench.chunks) >= 4)
    bench.runner.cancel("enough")
    bench.runner.join()
    assert policy.overlaps[0] is None
    for before, after, overlap in zip(bench.chunks, bench.chunks[1:], policy.overlaps[1:], strict=False):
        elapsed = (after.observation_stamp_ns - before.observation_stamp_ns) * 1e-9 / 0.1
        # The next inference begins two rows after the observation before, and sees one that is hardly older.
        assert elapsed > 1.5
        assert overlap is not None
        assert len(overlap.actions) == 16 - math.ceil(elapsed - 1e-6)
        num_frozen = overlap.num_frozen
        assert num_frozen >= 1
        np.testing.assert_array_equal(after.actions[:num_frozen], overlap.actions[:num_frozen])
        assert after.actions[-1, 0] == before.actions[-1, 0] + 1.0
        assert after.num_executed_assumed == int(elapsed + 1e-6) + num_frozen


def test_an_answer_slower_than_its_frozen_rows_is_counted_and_expected_from_then_on(embodiment: Embodiment) -> None:
    def dawdle(actions: FloatArray) -> FloatArray:
        if policy.num_inferences == 2:
            time.sleep(0.2)
        return actions

    policy = Counting(dawdle)
    bench = Bench(embodiment, policy, strategy=RealTimeChunk(horizon=16, step_period_s=0.1, min_rows=1))
    bench.start()
    bench.feed_until(lambda: len(bench.chunks) >= 3)
    bench.runner.cancel("enough")
    bench.runner.join()
    first, second, third = policy.overlaps[:3]
    assert first is None
    assert second is not None
    assert third is not None
    assert bench.runner.progress.num_slow >= 1
    # At least 0.2 s, and the way to the controller: the third row has begun.
    assert third.num_frozen >= max(3, second.num_frozen + 1)
    # What was executed meanwhile is published as it was.
    np.testing.assert_array_equal(bench.chunks[1].actions[:3], second.actions[:3])
    assert bench.chunks[1].actions[-1, 0] == 2.0


def test_sync_infers_when_its_rows_are_executed(embodiment: Embodiment) -> None:
    policy = Counting()
    bench = Bench(embodiment, policy, strategy=SyncChunk(horizon=16, step_period_s=0.1, num_rows=4))
    bench.start()
    bench.feed_until(lambda: len(bench.chunks) >= 2)
    bench.runner.cancel("enough")
    bench.runner.join()
    first, second = bench.chunks[:2]
    # A row of delay and four to execute; the observation then is hardly older than that.
    gap_s = (second.observation_stamp_ns - first.observation_stamp_ns) * 1e-9
    assert gap_s > 0.45
    assert second.num_executed_assumed >= 4
    assert first.actions[:, 0].tolist() == [1.0] * 16
    waiting = int((second.actions[:, 0] == 1.0).sum())
    assert waiting >= 1
    assert second.actions[:, 0].tolist() == [1.0] * waiting + [2.0] * (16 - waiting)


def test_a_task_ends_in_time_and_at_once_when_cancelled_though_the_strategy_waits(embodiment: Embodiment) -> None:
    bench = Bench(embodiment, Counting(), strategy=SyncChunk(horizon=16, step_period_s=0.1))
    bench.start(max_duration_s=0.4)
    bench.feed_until(bench.ended.is_set)
    bench.start()
    bench.feed_until(lambda: len(bench.chunks) == 2)
    bench.runner.cancel("enough")
    bench.runner.join()
    assert [result.outcome for result in bench.results] == [Outcome.TIME_UP, Outcome.CANCELLED]
    # The chunk lasts 1.6 s.
    assert all(result.duration_s < 1.2 for result in bench.results)


def test_a_strategy_that_waits_for_a_clock_that_was_set_back_is_not_waited_for(embodiment: Embodiment) -> None:
    class Hour(LatestChunk):
        next_inference_ns = time.time_ns() + 3_600_000_000_000

    brief = dataclasses.replace(embodiment, action=dataclasses.replace(embodiment.action, step_period=0.02))
    bench = Bench(brief, Counting(), strategy=Hour())
    bench.start()
    bench.feed_until(lambda: len(bench.chunks) >= 2)
    bench.runner.cancel("enough")
    bench.runner.join()
    # One chunk of 16 rows; observations are as old as the test feeds them.
    assert bench.chunks[1].observation_stamp_ns - bench.chunks[0].observation_stamp_ns > 0.2e9


def test_a_task_begins_with_a_fresh_strategy(embodiment: Embodiment) -> None:
    policy = Counting()
    bench = Bench(embodiment, policy, strategy=RealTimeChunk(horizon=16, step_period_s=0.1, min_rows=1))
    for _ in range(2):
        bench.chunks.clear()
        policy.overlaps.clear()
        bench.start()
        bench.feed_until(lambda: len(bench.chunks) >= 2)
        bench.runner.cancel("enough")
        bench.runner.join()
        assert policy.overlaps[0] is None
        assert policy.overlaps[1] is not None


def test_a_chunk_that_lasts_no_longer_than_its_delay_is_not_published(embodiment: Embodiment) -> None:
    brief = dataclasses.replace(embodiment, action=dataclasses.replace(embodiment.action, step_period=0.02))

    def dawdle(actions: FloatArray) -> FloatArray:
        time.sleep(0.3)
        return actions

    bench = Bench(brief, Counting(dawdle))
    bench.start()
    bench.feed_until(lambda: bench.runner.progress.num_late >= 1)
    assert not bench.chunks
    assert bench.runner.delays.last >= 16
    bench.runner.cancel("enough")
    bench.runner.join()
