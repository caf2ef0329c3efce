"""The controller as a process before a control box that fails: held, reported, and recovered without a jump."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from zr0_core.types import FloatArray
from zr0_msgs.msg import ControllerStatus
from zr0_test_support.arm_rig import ArmRig, running_rig

pytestmark = pytest.mark.ros

STANDSTILL = 0.25
"""Longest time until the arm stands, s; 0.1 s on a machine that does nothing else, see the package's README."""
FAULT, HOLDING = ControllerStatus.FAULT, ControllerStatus.HOLDING


@pytest.fixture(scope="module")
def rig(ros_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmRig]:
    # What is not tested here is patient, so that a busy machine does not interfere.
    with running_rig(ros_env, tmp_path_factory.mktemp("controller"), policy_timeout=0.5) as rig:
        yield rig


@pytest.fixture(autouse=True)
def _settled(rig: ArmRig) -> None:
    rig.settle()


def plant_positions(rig: ArmRig) -> FloatArray:
    with rig.box.lock:
        return rig.box.plant.positions.copy()


FAULTS = {
    "emergency_stop": (FAULT, ControllerStatus.REASON_EMERGENCY_STOP, "emergency stop button"),
    "collision": (FAULT, ControllerStatus.REASON_ARM_ERROR, "C31: a collision"),
    "over_speed": (FAULT, ControllerStatus.REASON_ARM_ERROR, "C24: a speed limit"),
    "joint_limit": (FAULT, ControllerStatus.REASON_ARM_ERROR, "C23: a joint is beyond its limit"),
    "link_drop": (FAULT, ControllerStatus.REASON_LINK_LOST, "restore it, then recover"),
    "stalled_replies": (FAULT, ControllerStatus.REASON_REPLY_TIMEOUT, "has answered no command for"),
    "lost_reports": (FAULT, ControllerStatus.REASON_REPORT_STALE, "has not reported for"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_motion_holds_the_arm_and_recovers(rig: ArmRig, fault: str) -> None:
    state, reason, words = FAULTS[fault]
    rig.swing(0.5)
    event = time.monotonic()
    rig.box.faults.inject(fault)
    left = rig.statuses.wait(lambda status: status.state != ControllerStatus.TRACKING, after=len(rig.statuses))
    # Where the arm can no longer be seen it brakes; elsewhere it stops, unless it has stopped itself.
    assert left.state in ((HOLDING,) if fault == "lost_reports" else (state, ControllerStatus.STOPPING))
    assert left.reason != ControllerStatus.REASON_NONE
    rig.wait_state(state, reason)
    rig.probe.wait(lambda: words in rig.statuses.latest.reason_text, 5.0, what=words)
    assert rig.observer.standstill_after(event) < STANDSTILL
    held = plant_positions(rig)
    rig.box.faults.clear()
    rig.stop_chunks()
    is_recovered, message = rig.request("recover")
    assert is_recovered, message
    rig.wait_state(HOLDING, ControllerStatus.REASON_RECOVERED)
    time.sleep(0.1)
    assert np.abs(plant_positions(rig) - held).max() < 2e-3
    rig.swing(0.3)
    assert rig.violations() == []


def test_a_pressed_emergency_stop_cannot_be_recovered_from(rig: ArmRig) -> None:
    rig.box.faults.inject("emergency_stop")
    rig.wait_state(FAULT, ControllerStatus.REASON_EMERGENCY_STOP)
    is_recovered, message = rig.request("recover")
    assert not is_recovered
    assert "C1: the emergency stop button of the control box is pressed; release it" in message
    assert rig.statuses.latest.state == FAULT


def test_reports_that_stay_away_cannot_be_recovered_from(rig: ArmRig) -> None:
    rig.box.faults.inject("lost_reports")
    rig.wait_state(FAULT, ControllerStatus.REASON_REPORT_STALE)
    is_recovered, message = rig.request("recover")
    assert not is_recovered
    assert "the arm does not report" in message


def test_a_short_stall_of_replies_is_survived(rig: ArmRig) -> None:
    rig.swing(0.5)
    num_before = len(rig.statuses)
    rig.box.faults.inject("stalled_replies", duration=0.2)
    # Stopping, or holding for as little as one tick: the next chunk resumes the motion.
    left = rig.statuses.wait(lambda status: status.reason == ControllerStatus.REASON_REPLY_TIMEOUT, after=num_before)
    assert left.state in (ControllerStatus.STOPPING, HOLDING)
    rig.wait_state(ControllerStatus.TRACKING)
    assert rig.statuses.latest.reason == ControllerStatus.REASON_NONE
    assert rig.violations() == []


def test_the_operators_emergency_stop_stops_at_once(rig: ArmRig) -> None:
    rig.swing(0.5)
    event = time.monotonic()
    is_stopped, message = rig.request("emergency_stop")
    assert is_stopped, message
    rig.wait_state(FAULT, ControllerStatus.REASON_EMERGENCY_STOP)
    assert rig.box.status.state == 4
    assert rig.observer.standstill_after(event) < STANDSTILL
    rig.stop_chunks()
    assert rig.request("recover") == (True, "recovered: holding where the arm stands")


def test_another_client_that_changes_the_mode_is_noticed(rig: ArmRig) -> None:
    rig.swing(0.3)
    with rig.box.lock:
        rig.box._machine.set_mode(0)
    status = rig.wait_state(FAULT, ControllerStatus.REASON_ARM_ERROR)
    assert "the arm" in status.reason_text
