"""The controller as a process: parameters, transitions, and an end that leaves the arm held."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import JointState
from zr0_msgs.msg import ControllerStatus
from zr0_test_support.arm_rig import CONTROLLER, ArmRig, running_rig
from zr0_test_support.probe import Probe
from zr0_test_support.process import StartNode

pytestmark = pytest.mark.ros


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "nodes"


@pytest.fixture
def rig(ros_env: dict[str, str], folder: Path) -> Iterator[ArmRig]:
    with running_rig(ros_env, folder) as rig:
        yield rig


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("robot_ip", "arm.local", "parameter robot_ip is 'arm.local', expected an IPv4 address"),
        ("control_port", 0, "parameter control_port"),
        ("embodiment", "xarm8_gripper", "parameter embodiment: no embodiment named 'xarm8_gripper'"),
        ("motion_mode", "servo", "parameter motion_mode is 'servo', expected one of servo_joint"),
        ("policy_timeout", 0.0, "parameter policy_timeout"),
    ],
)
def test_a_bad_parameter_ends_the_node_with_its_name(
    start_node: StartNode, name: str, value: float | str, words: str
) -> None:
    node = start_node("zr0_xarm", "controller_node", parameters={name: value})
    assert node.wait_exit() == 1
    assert words in node.log()


def test_configure_refuses_another_arm(ros_env: dict[str, str], folder: Path) -> None:
    with running_rig(
        ros_env, folder, embodiment="xarm6_gripper", box_embodiment="xarm7_gripper", is_started=False
    ) as rig:
        assert not rig.probe.configure(CONTROLLER)
        assert "the arm has 7 axes, embodiment xarm6_gripper has 6" in rig.controller.log()


def test_configure_refuses_where_nothing_answers(start_node: StartNode, probe: Probe, box_address: str) -> None:
    node = start_node("zr0_xarm", "controller_node", parameters={"robot_ip": box_address, "control_port": 50200})
    assert not probe.configure(CONTROLLER)
    assert f"no xArm control box answers at {box_address} port 50200" in node.log()


def test_requests_need_an_active_controller(ros_env: dict[str, str], folder: Path) -> None:
    with running_rig(ros_env, folder, is_started=False) as rig:
        is_done, message = rig.request("home")
        assert not is_done
        assert "not active" in message


def test_topics_of_an_active_controller(rig: ArmRig) -> None:
    diagnostics = rig.probe.subscribe(DiagnosticArray, "/diagnostics")
    commands = rig.probe.subscribe(JointState, "/zr0/joint_command")
    rig.joints.clear()
    start = time.monotonic()
    measured = rig.joints.wait_count(200)[-1]
    assert 1.2 < time.monotonic() - start < 4.0
    assert measured.header.frame_id == "link_base"
    assert list(measured.position[:7]) == pytest.approx(rig.embodiment.home.tolist(), abs=1e-3)
    assert commands.wait().name == list(rig.embodiment.measured_names)
    status = diagnostics.wait().status[0]
    assert (status.name, status.level) == ("arm_controller", DiagnosticStatus.OK)
    assert {value.key for value in status.values} >= {"report age [s]", "chunks refused", "ticks more than 20 ms late"}


def test_deactivate_leaves_servo_mode_and_activate_returns(rig: ArmRig) -> None:
    rig.swing(0.5)
    assert rig.probe.deactivate(CONTROLLER)
    status = rig.wait_state(ControllerStatus.DISABLED, ControllerStatus.REASON_SHUTDOWN)
    assert "holds in position mode" in status.reason_text
    assert rig.box.status.mode == 0
    assert rig.box.status.is_ready
    rig.stop_chunks()
    assert rig.probe.activate(CONTROLLER)
    rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_STARTED)
    rig.swing(0.3)
    assert rig.violations() == []


def test_an_interrupt_in_motion_stops_the_arm_first(rig: ArmRig) -> None:
    rig.swing(0.5)
    rig.controller.interrupt()
    assert rig.controller.wait_exit() == 0
    with rig.box.lock:
        assert float(np.abs(rig.box.plant.velocities).max()) < 0.01
    assert rig.box.status.mode == 0
    assert rig.violations() == []


def test_an_arm_in_error_is_a_fault_that_recovers(ros_env: dict[str, str], folder: Path) -> None:
    with running_rig(ros_env, folder, is_started=False) as rig:
        rig.box.faults.inject("emergency_stop")
        rig.connect()
        assert rig.probe.configure(CONTROLLER)
        assert rig.probe.activate(CONTROLLER)
        status = rig.wait_state(ControllerStatus.FAULT)
        assert "C1: the emergency stop button" in status.reason_text
        rig.box.faults.clear()
        assert rig.request("recover")[0]
        rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_RECOVERED)


def test_a_dry_run_sends_nothing(ros_env: dict[str, str], folder: Path) -> None:
    with running_rig(ros_env, folder, dry_run=True) as rig:
        home = rig.embodiment.home
        rig.follow(0.5)
        status = rig.statuses.wait(
            lambda status: len(status.commanded_positions) > 0 and abs(status.commanded_positions[0] - home[0]) > 0.1
        )
        assert status.motion_mode == "dry_run"
        with rig.box.lock:
            assert rig.box.audit.num_commands == 0
            assert rig.box.plant.positions.tolist() == pytest.approx(home.tolist(), abs=1e-6)
        assert rig.box.status.mode == 0


@pytest.mark.parametrize(("mode", "number"), [("planned_joint", 6), ("planned_pose", 7)])
def test_the_arms_own_planning_follows_and_stops(ros_env: dict[str, str], folder: Path, mode: str, number: int) -> None:
    with running_rig(ros_env, folder, motion_mode=mode) as rig:
        assert rig.box.status.mode == number
        rig.follow(0.3)
        rig.probe.wait(lambda: rig.observer.speed() > 0.15, 10.0, what="motion")
        status = rig.wait_state(ControllerStatus.TRACKING)
        assert status.motion_mode == mode
        event = rig.silence_policy()
        rig.wait_state(ControllerStatus.HOLDING, ControllerStatus.REASON_POLICY_SILENT)
        assert rig.observer.standstill_after(event, watch=1.0) < 0.6
        assert rig.request("home") == (True, "at the home position")
        time.sleep(0.3)
        with rig.box.lock:
            assert rig.box.plant.positions.tolist() == pytest.approx(rig.embodiment.home.tolist(), abs=0.02)


def test_end_effector_chunks_are_played(ros_env: dict[str, str], folder: Path) -> None:
    with running_rig(ros_env, folder, embodiment="xarm7_gripper_pose") as rig:
        rig.follow(0.3)
        rig.observer.wait_moving(0.2)
        assert rig.statuses.latest.num_chunks_refused == 0, rig.statuses.latest.last_refusal
        assert rig.violations() == []
