"""Queued motions and what clients are told about them."""

import struct

import numpy as np
import pytest
from zr0_sim.box.codes import FeedbackCode, FeedbackType
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32

ALL = FeedbackType.MOTION_START | FeedbackType.MOTION_FINISH | FeedbackType.TRIGGER


def events(bench: Bench) -> list[tuple[int, int, int, int]]:
    """Feedback so far: transaction, type, register, code."""
    return [(struct.unpack(">H", f[:2])[0], f[8], f[9], f[12]) for f in bench.client.frames]


def test_tasks_run_in_order_and_tell_start_and_end(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.FEEDBACK_TYPE, bytes([ALL]))
    first = bench.num_requests + 1
    bench.ask(Register.JOINT, fp32(0.1, *[np.inf] * 6, 1.0, 10.0, 0.0))
    bench.ask(Register.SLEEP, fp32(0.1))
    bench.ask(Register.HOME, fp32(1.0, 10.0, 0.0))
    assert bench.ask(Register.QUEUE_LENGTH).data == struct.pack(">H", 3)
    bench.tick_until_still()
    start, finish = FeedbackType.MOTION_START, FeedbackType.MOTION_FINISH
    assert events(bench) == [
        (first, start, Register.JOINT, FeedbackCode.SUCCESS),
        (first, finish, Register.JOINT, FeedbackCode.SUCCESS),
        (first + 1, start, Register.SLEEP, FeedbackCode.SUCCESS),
        (first + 1, finish, Register.SLEEP, FeedbackCode.SUCCESS),
        (first + 2, start, Register.HOME, FeedbackCode.SUCCESS),
        (first + 2, finish, Register.HOME, FeedbackCode.SUCCESS),
    ]
    assert bench.plant.positions == pytest.approx(np.zeros(len(bench.plant.positions)), abs=1e-4)


def test_dropped_tasks_are_reported_as_discarded(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.FEEDBACK_TYPE, bytes([FeedbackType.MOTION_FINISH]))
    bench.ask(Register.JOINT, fp32(0.5, *[np.inf] * 6, 1.0, 10.0, 0.0))
    bench.ask(Register.HOME, fp32(1.0, 10.0, 0.0))
    bench.tick(20)
    bench.ask(Register.SET_STATE, bytes([4]))
    assert [(kind, code) for _, kind, _, code in events(bench)] == [
        (FeedbackType.MOTION_FINISH, FeedbackCode.DISCARDED)
    ] * 2


def test_the_mask_counts_when_the_command_is_given(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.FEEDBACK_TYPE, bytes([FeedbackType.MOTION_FINISH]))
    bench.ask(Register.SLEEP, fp32(0.02))
    bench.ask(Register.FEEDBACK_TYPE, b"\0")
    bench.ask(Register.SLEEP, fp32(0.02))
    bench.tick_until_still()
    assert len(bench.client.frames) == 1


def test_check_answers_at_once_when_nothing_is_queued_even_if_stopped(bench: Bench) -> None:
    bench.ask(Register.FEEDBACK_TYPE, bytes([FeedbackType.MOTION_FINISH]))
    bench.ask(Register.FEEDBACK_CHECK)
    assert [kind for _, kind, _, _ in events(bench)] == [FeedbackType.MOTION_FINISH]
    assert bench.ask(Register.QUEUE_LENGTH).data == b"\0\0"


def test_check_waits_for_what_is_queued(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.FEEDBACK_TYPE, bytes([FeedbackType.MOTION_FINISH]))
    bench.ask(Register.SLEEP, fp32(0.1))
    check = bench.num_requests + 1
    bench.ask(Register.FEEDBACK_CHECK)
    bench.tick(10)
    assert events(bench) == []
    bench.tick_until_still()
    assert events(bench)[-1][0] == check


def test_load_changes_when_its_turn_comes(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.FEEDBACK_TYPE, bytes([ALL]))
    bench.ask(Register.SLEEP, fp32(0.1))
    bench.ask(Register.LOAD, fp32(0.8, 0, 0, 60))
    bench.tick(5)
    assert bench.box._machine.settings.load.tolist() == [0, 0, 0, 0]
    bench.tick_until_still()
    assert bench.box._machine.settings.load == pytest.approx([0.8, 0, 0, 60])
    assert events(bench)[-1][1:3] == (FeedbackType.TRIGGER, Register.LOAD)


def pose(bench: Bench) -> list[float]:
    return list(struct.unpack("<6f", bench.ask(Register.GET_POSE).data))


LIMITS = (200.0, 2000.0, 0.0)


@pytest.mark.parametrize(
    ("register", "tail"),
    [
        (Register.LINE, fp32(-1.0) + bytes([0, 0, 0])),
        (Register.LINE, b""),
        (Register.LINE_BLEND, fp32(0.0)),
    ],
    ids=["line", "line-of-old-firmware", "blend"],
)
def test_lines_reach_their_pose_and_keep_infinite_components(bench: Bench, register: Register, tail: bytes) -> None:
    bench.ready()
    before = pose(bench)
    inf = np.inf
    bench.ask(register, fp32(inf, before[1] + 50.0, inf, inf, inf, inf, *LIMITS), tail)
    bench.tick_until_still()
    bench.tick(5)
    assert pose(bench)[:3] == pytest.approx([before[0], before[1] + 50.0, before[2]], abs=0.05)


@pytest.mark.parametrize(
    ("register", "parameters"),
    [
        (Register.LINE_TOOL, fp32(0, 0, 20.0, 0, 0, 0, *LIMITS)),
        (Register.LINE, fp32(0, 0, 20.0, 0, 0, 0, *LIMITS, -1.0) + bytes([1, 0, 0])),
        (Register.LINE_AXIS_ANGLE, fp32(0, 0, 20.0, 0, 0, 0, *LIMITS) + bytes([1, 0])),
        (Register.LINE_AXIS_ANGLE, fp32(0, 0, -20.0, 0, 0, 0, *LIMITS) + bytes([0, 1])),
        (Register.RELATIVE, fp32(0, 0, -20.0, 0, 0, 0, 0, *LIMITS, -1.0) + bytes([0, 0])),
        (Register.RELATIVE, fp32(0, 0, -20.0, 0, 0, 0, 0, *LIMITS, -1.0) + bytes([0, 1])),
    ],
    ids=["tool", "line-tool-frame", "axis-angle-tool-frame", "axis-angle-relative", "relative", "relative-axis-angle"],
)
def test_ways_to_go_20_mm_down(bench7: Bench, register: Register, parameters: bytes) -> None:
    bench7.ready()
    # Straight down first, so that the tool's z is the base's -z.
    bench7.ask(Register.LINE, fp32(300, 0, 200, np.pi, 0, 0, *LIMITS, -1.0), bytes([0, 0, 0]))
    bench7.ask(register, parameters)
    bench7.tick_until_still()
    bench7.tick(5)
    assert pose(bench7)[:3] == pytest.approx([300, 0, 180], abs=0.05)


def test_circle_ends_where_its_share_says(bench: Bench) -> None:
    bench.ready()
    bench.ask(Register.LINE, fp32(300, 0, 200, np.pi, 0, 0, *LIMITS, -1.0), bytes([0, 0, 0]))
    points = (340, 40, 200, np.pi, 0, 0, 300, 80, 200, np.pi, 0, 0)
    bench.ask(Register.CIRCLE, fp32(*points, *LIMITS, 50.0), bytes([0, 0, 0]))
    bench.tick_until_still()
    bench.tick(5)
    assert pose(bench)[:3] == pytest.approx([300, 80, 200], abs=0.05)
