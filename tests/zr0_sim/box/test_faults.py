"""Injected faults end as they would on a real box."""

from itertools import pairwise

import numpy as np
import pytest
from zr0_sim.box.codes import ErrorCode, State, Status
from zr0_sim.box.registers import Register
from zr0_test_support.box_bench import Bench, fp32

CODES = {
    "emergency_stop": ErrorCode.EMERGENCY_STOP_BUTTON,
    "collision": ErrorCode.COLLISION,
    "over_speed": ErrorCode.OVER_SPEED,
    "joint_limit": ErrorCode.JOINT_LIMIT,
}


def start_moving(bench: Bench, mode: int) -> None:
    bench.ready(mode)
    if mode == 0:
        bench.ask(Register.RELATIVE, fp32(1.0, *[0] * 6, 1.0, 10.0, 0.0, -1.0), bytes([1, 0]))
        bench.tick(200)
    else:
        target = bench.box.status.setpoint
        pad = [0.0] * (7 - len(target))
        for _ in range(80):
            target[0] += 0.01
            bench.ask(Register.SERVO_JOINT, fp32(*target, *pad, 0, 0, 0))
            bench.tick(2)
            target[0] -= 0.002


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("kind", CODES)
def test_fault_stops_motion_within_limits_and_is_reported(bench: Bench, kind: str, mode: int) -> None:
    start_moving(bench, mode)
    bench.setpoints[:-2] = []
    bench.box.faults.inject(kind)
    status = bench.box.status
    assert (status.error, status.state, status.is_ready) == (CODES[kind], State.STOPPED, False)
    assert bench.ask(Register.GET_ERROR).data[0] == CODES[kind]
    bench.tick(50)
    speeds = [np.abs(after - before).max() / 0.004 for before, after in pairwise(bench.setpoints)]
    assert speeds[0] > 0.5
    assert np.abs(np.diff(speeds)).max() <= bench.box._machine.model.max_acceleration * 0.004 + 1e-9
    # From at most 3.14 rad/s at 20 rad/s^2.
    stopped_after = next(index for index, speed in enumerate(speeds) if speed == 0.0)
    assert stopped_after * 0.004 <= 0.16
    assert not any(speeds[stopped_after:])


@pytest.mark.parametrize("kind", ["collision", "over_speed", "joint_limit"])
def test_event_can_be_cleared_at_once_and_motion_goes_on(bench: Bench, kind: str) -> None:
    bench.ready()
    bench.box.faults.inject(kind)
    assert bench.ask(Register.CLEAR_ERROR).status == Status.NOT_READY
    bench.ready()
    bench.ask(Register.HOME, fp32(1.0, 10.0, 0.0))
    bench.tick_until_still()
    assert bench.box.status.error is ErrorCode.NONE


def test_event_with_a_duration_cannot_be_cleared_before_its_end(bench: Bench) -> None:
    bench.ready()
    bench.box.faults.inject("collision", duration=0.1)
    bench.tick(20)
    bench.ask(Register.CLEAR_ERROR)
    assert bench.box.status.error is ErrorCode.COLLISION
    bench.tick(10)
    assert bench.box.status.faults == ()
    bench.ask(Register.CLEAR_ERROR)
    bench.ready()


def test_emergency_stop_is_latched_and_cuts_the_power(bench: Bench) -> None:
    bench.ready()
    bench.box.faults.inject("emergency_stop")
    bench.tick(5)
    bench.ask(Register.CLEAR_ERROR)
    bench.ask(Register.ENABLE, bytes([8, 1]))
    bench.ask(Register.SET_STATE, b"\0")
    status = bench.box.status
    assert (status.error, status.is_ready) == (ErrorCode.EMERGENCY_STOP_BUTTON, False)
    assert bench.box._machine.enabled == 0
    bench.box.faults.clear("emergency_stop")
    assert bench.box.status.error is ErrorCode.EMERGENCY_STOP_BUTTON
    bench.ask(Register.CLEAR_ERROR)
    bench.ask(Register.SET_STATE, b"\0")
    assert not bench.box.status.is_ready  # The drives are still off.
    bench.ready()


def test_emergency_stop_overrides_another_error(bench: Bench) -> None:
    bench.ready()
    bench.box.faults.inject("collision")
    bench.box.faults.inject("emergency_stop")
    assert bench.box.status.error is ErrorCode.EMERGENCY_STOP_BUTTON
    bench.box.faults.inject("over_speed")
    assert bench.box.status.error is ErrorCode.EMERGENCY_STOP_BUTTON


def test_joint_of_a_joint_limit_is_named(bench: Bench) -> None:
    bench.ready()
    bench.box.faults.inject("joint_limit", target="3")
    assert bench.box.status.reason == "injected joint limit at joint 3"


def test_clear_ends_everything(bench: Bench) -> None:
    for kind in ("emergency_stop", "link_drop", "stalled_replies", "lost_reports"):
        bench.box.faults.inject(kind)
    assert len(bench.box.status.faults) == 4
    bench.box.faults.clear()
    assert not bench.box.status.faults


@pytest.mark.parametrize(
    ("kind", "target", "duration", "message"),
    [
        ("fire", "", 0.0, "unknown fault 'fire', available: emergency_stop, collision"),
        ("collision", "", -1.0, r"duration is -1\.0 s"),
        ("collision", "3", 0.0, "collision takes no target, got '3'"),
        ("joint_limit", "9", 0.0, "target of joint_limit is '9', expected a joint number 1 to"),
        ("link_drop", "camera", 0.0, "expected 'control', 'report' or nothing"),
    ],
)
def test_senseless_fault_is_refused(bench: Bench, kind: str, target: str, duration: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bench.box.faults.inject(kind, target, duration)


def test_clearing_an_unknown_fault_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="unknown fault 'fire'"):
        bench.box.faults.clear("fire")
