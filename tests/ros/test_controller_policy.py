"""The controller as a process: what it does when the policy falls silent, waits, fails, dies or starts anew."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from zr0_msgs.msg import ControllerStatus, PolicyStatus
from zr0_test_support.arm_rig import ArmRig, running_rig
from zr0_test_support.demo_package import write_demo_package
from zr0_test_support.process import NodeProcess

pytestmark = pytest.mark.ros

STANDSTILL = 0.3
"""Longest time until the arm stands, s; 0.13 s on a machine that does nothing else, see the package's README."""

POLICY = """
import signal, time, rclpy
from zr0_msgs.msg import PolicyStatus
signal.signal(signal.SIGINT, signal.SIG_DFL)
rclpy.init()
node = rclpy.create_node("policy")
publisher = node.create_publisher(PolicyStatus, "/zr0/policy_status", 1)
print("ready", flush=True)
while True:
    publisher.publish(PolicyStatus(state=PolicyStatus.RUNNING))
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def rig(ros_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmRig]:
    with running_rig(ros_env, tmp_path_factory.mktemp("controller")) as rig:
        yield rig


@pytest.fixture(autouse=True)
def _settled(rig: ArmRig) -> None:
    rig.settle()


def test_a_silent_policy_holds_the_arm(rig: ArmRig) -> None:
    rig.swing(0.5)
    event = rig.silence_policy()
    status = rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_POLICY_SILENT)
    assert "the policy has been silent for" in status.reason_text
    assert rig.observer.standstill_after(event) < STANDSTILL
    assert rig.violations() == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PolicyStatus.WAITING_FOR_INPUT, "the policy is waiting for input: camera front is 0.21 s old"),
        (PolicyStatus.FAILED, "the policy is failed: camera front is 0.21 s old"),
        (PolicyStatus.IDLE, "the policy is idle: camera front is 0.21 s old"),
    ],
)
def test_a_policy_that_does_not_run_holds_the_arm_with_its_reason(rig: ArmRig, state: int, words: str) -> None:
    rig.swing(0.5)
    rig.stop_chunks()
    event = rig.report_policy(state, "camera front is 0.21 s old")
    status = rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_POLICY_NOT_RUNNING)
    assert status.reason_text == words
    assert rig.observer.standstill_after(event) < STANDSTILL
    assert rig.violations() == []


def test_a_killed_policy_process_holds_the_arm(
    rig: ArmRig, ros_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_demo_package(tmp_path / "prefix", "demo", {"policy": POLICY})
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "prefix"), prepend=":")
    with NodeProcess("demo", "policy", log_folder=tmp_path, environment=ros_env) as policy:
        policy.wait_for_log("ready")
        rig.swing(0.5, is_alive=False)
        policy.kill()
        event = time.monotonic()
        rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_POLICY_SILENT)
        assert rig.observer.standstill_after(event) < STANDSTILL
    assert rig.violations() == []


def test_a_new_run_of_the_policy_may_count_its_chunks_anew(rig: ArmRig) -> None:
    rig.swing(0.3)
    rig.silence_policy()
    rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_POLICY_SILENT)
    rig.restart_sequence()
    before = rig.statuses.latest.num_chunks_refused
    rig.swing(0.3)
    assert rig.statuses.latest.num_chunks_refused == before


def test_the_operators_hold_refuses_chunks_until_released(rig: ArmRig) -> None:
    rig.swing(0.5)
    event = time.monotonic()
    assert rig.request("hold") == (True, "holding: chunks are refused until ~/enable is called with true")
    assert rig.observer.standstill_after(event, watch=0.8) < STANDSTILL
    status = rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_OPERATOR)
    assert status.reason_text == "held by the operator"
    rig.statuses.wait(lambda status: "the operator holds the arm" in status.last_refusal)
    assert rig.request("enable", True) == (True, "enabled: chunks are executed")
    rig.wait_state(ControllerStatus.TRACKING)
    assert rig.violations() == []


def test_home_is_refused_in_motion(rig: ArmRig) -> None:
    rig.swing(0.3)
    assert rig.request("home") == (False, "can move home only from HOLDING, the controller is TRACKING")


def test_the_motors_are_switched_off_and_on_again(rig: ArmRig) -> None:
    rig.swing(0.3)
    assert rig.request("enable", False) == (True, "disabled: motors off")
    rig.wait_state(ControllerStatus.DISABLED, ControllerStatus.REASON_OPERATOR)
    assert not rig.box.status.is_ready
    rig.stop_chunks()
    assert rig.request("enable", True) == (True, "enabled: motors on, holding")
    assert rig.box.status.is_ready
    rig.swing(0.3)
    assert rig.violations() == []
