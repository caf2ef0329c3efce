"""The controller as a process before a control box: chunks that move the arm, and chunks that must not."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from zr0_msgs.msg import ActionChunk, ControllerStatus, PolicyStatus
from zr0_test_support.arm_rig import NS_PER_S, ArmRig, running_rig

pytestmark = pytest.mark.ros

STANDSTILL = 0.25
"""Longest time until the arm stands, s; 0.1 s on a machine that does nothing else, see the package's README."""


@pytest.fixture(scope="module")
def rig(ros_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmRig]:
    # What is not tested here is patient, so that a busy machine does not interfere.
    with running_rig(ros_env, tmp_path_factory.mktemp("controller"), policy_timeout=0.5, report_timeout=0.5) as rig:
        yield rig


@pytest.fixture(autouse=True)
def _settled(rig: ArmRig) -> None:
    rig.settle()


def _with(**changes: object) -> Callable[[ActionChunk], None]:
    def change(message: ActionChunk) -> None:
        for name, value in changes.items():
            setattr(message, name, value)

    return change


def _nan(message: ActionChunk) -> None:
    message.actions[18] = float("nan")


def _stale(message: ActionChunk) -> None:
    message.observation_stamp.sec -= 2


def _future(message: ActionChunk) -> None:
    message.observation_stamp.sec += 1


def _step(message: ActionChunk) -> None:
    for row in range(8, 16):
        message.actions[8 * row + 2] += 1.0


def _jump(message: ActionChunk) -> None:
    for row in range(16):
        message.actions[8 * row + 2] += 1.0


def _outside(message: ActionChunk) -> None:
    for row in range(16):
        message.actions[8 * row + 1] += 0.05 * row
        message.actions[8 * row + 3] -= 0.05 * row


def _backwards(message: ActionChunk) -> None:
    message.sequence -= 1


BAD = {
    "nan": (_nan, ControllerStatus.REASON_CHUNK_REFUSED, "row 2 asks joint3 to go to nan"),
    "other embodiment": (_with(embodiment="xarm6_gripper"), ControllerStatus.REASON_CHUNK_REFUSED, "xarm6_gripper"),
    "other hash": (_with(embodiment_hash="0" * 64), ControllerStatus.REASON_CHUNK_REFUSED, "content hash 000000000000"),
    "stale": (_stale, ControllerStatus.REASON_CHUNK_STALE, "observation 2.1"),
    "future": (_future, ControllerStatus.REASON_CHUNK_REFUSED, "in the future"),
    "step of 1 rad": (_step, ControllerStatus.REASON_CHUNK_REFUSED, "joint3 jumps by 1.000 rad from row 7 to row 8"),
    "jump of 1 rad": (_jump, ControllerStatus.REASON_CHUNK_REFUSED, "asks joint3 to jump by 1.0"),
    "out of the workspace": (_outside, ControllerStatus.REASON_WORKSPACE, "takes the tool out of the workspace"),
    "too short": (_with(horizon=15), ControllerStatus.REASON_CHUNK_REFUSED, "carries 128 actions, expected horizon 15"),
    "old sequence": (_backwards, ControllerStatus.REASON_CHUNK_REFUSED, "does not follow"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_chunk_in_motion_holds_the_arm(rig: ArmRig, name: str) -> None:
    spoil, reason, words = BAD[name]
    rig.swing(0.5)
    before = rig.statuses.latest.num_chunks_refused
    rig.stop_chunks()
    message = rig.chunk()
    spoil(message)
    event = rig.send(message)
    status = rig.wait_state(ControllerStatus.HOLDING, reason)
    assert words in status.reason_text
    assert words in status.last_refusal
    assert status.num_chunks_refused == before + 1
    assert rig.observer.standstill_after(event) < STANDSTILL
    assert rig.violations() == []


def test_a_good_chunk_resumes_after_a_bad_one(rig: ArmRig) -> None:
    rig.swing(0.5)
    message = rig.chunk()
    _nan(message)
    rig.send(message)
    rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_CHUNK_REFUSED)
    rig.swing(0.5)
    assert rig.wait_state(ControllerStatus.TRACKING).reason == ControllerStatus.REASON_NONE
    assert rig.violations() == []


def test_the_arm_stands_at_the_last_row_when_chunks_run_out(rig: ArmRig) -> None:
    rig.report_policy(PolicyStatus.RUNNING)
    time.sleep(0.1)  # Status and chunk are different topics: neither order of arrival is promised.
    rows = np.tile(rig.embodiment.home, (8, 1))
    rows[:, 0] = np.linspace(0.02, 0.16, 8)
    rig.send(rig.chunk(rows))
    status = rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_CHUNK_EXHAUSTED)
    assert "has run out" in status.reason_text
    assert status.commanded_positions[0] == pytest.approx(0.16, abs=0.02)
    assert status.chunk_row == -1
    assert rig.violations() == []


def test_chunks_are_refused_without_a_running_policy(rig: ArmRig) -> None:
    rig.send(rig.chunk(np.tile(rig.embodiment.home, (8, 1))))
    status = rig.statuses.wait(lambda status: "idle" in status.last_refusal)
    assert status.state == ControllerStatus.HOLDING


def test_the_gripper_follows_and_is_measured(rig: ArmRig) -> None:
    rig.swing(0.3)
    measured = rig.joints.wait(lambda joints: len(joints.name) == 8 and abs(joints.position[7] - 0.2) < 0.01)
    assert list(measured.name) == list(rig.embodiment.measured_names)


def test_playing_chunks_is_smooth_and_on_time(rig: ArmRig) -> None:
    rig.swing(0.5)
    first = rig.statuses.latest
    stamp = first.header.stamp.sec * NS_PER_S + first.header.stamp.nanosec
    last = rig.statuses.wait(
        lambda status: status.header.stamp.sec * NS_PER_S + status.header.stamp.nanosec > stamp + 3 * NS_PER_S
    )
    assert last.num_chunks_refused == first.num_chunks_refused
    assert last.num_chunks_accepted >= first.num_chunks_accepted + 10
    with rig.box.lock:
        peaks = rig.box.audit.peaks
    limits = rig.embodiment.arm.motion_limits
    assert peaks.velocity <= limits.velocity * 1.001
    assert peaks.acceleration <= limits.acceleration * 1.01
    # Commands travel as 32-bit floats: a third difference at 0.01 s turns their rounding into 2 rad/s^3.
    assert peaks.jerk <= limits.jerk + 2.0
