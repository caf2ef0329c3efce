"""The adapter and the unmodified SDK before a control box."""

import socket
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import ArmState
from zr0_sim.box.box import Box, BoxConfig
from zr0_test_support.address import lock_address
from zr0_xarm.driver.xarm import XArm
from zr0_xarm.errors import ArmConnectionError, ArmFaultError, ArmLinkError, ArmNotReadyError, ArmReplyTimeoutError

ROBOT = Embodiment.load("xarm7_gripper")
PORT = 50200


@pytest.fixture
def box() -> Iterator[Box]:
    lock = lock_address()
    box = Box(BoxConfig(embodiment=ROBOT, host=lock.address, control_port=PORT, rs485_latency=0.02))
    box.start()
    yield box
    box.stop()
    lock.release()


@pytest.fixture
def arm(box: Box) -> Iterator[XArm]:
    arm = XArm(ROBOT, box.config.host, PORT)
    arm.connect()
    yield arm
    arm.disconnect()


def wait(predicate: Callable[[], object], timeout: float = 5.0) -> None:
    deadline = time.monotonic() + timeout
    while not predicate():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def reported(arm: XArm) -> ArmState:
    state = arm.state()
    assert state is not None
    return state


def test_reports_arrive_at_100_hz_in_radians(arm: XArm) -> None:
    stamps = set()
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        stamps.add(reported(arm).stamp_ns)
        time.sleep(0.002)
    state = reported(arm)
    assert 60 <= len(stamps) <= 115
    assert state.positions == pytest.approx(ROBOT.home, abs=1e-5)
    assert (state.error_code, state.warning_code) == (0, 0)


def test_connecting_leaves_no_trace_in_the_process(arm: XArm, capfd: pytest.CaptureFixture[str]) -> None:
    del arm
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().out == ""


def test_an_enabled_arm_goes_where_it_is_sent(arm: XArm, box: Box) -> None:
    arm.enable(1)
    target = ROBOT.home + 0.002
    for step in range(1, 6):
        arm.send_servo(ROBOT.home + 0.0004 * step)
        assert arm.answers()
        time.sleep(0.01)
    wait(lambda: np.abs(reported(arm).positions - target).max() < 1e-4)
    offset = box._machine.settings.tcp_offset
    assert offset.tolist() == pytest.approx([0.0, 0.0, 172.0, 0.0, 0.0, 0.0])


def test_the_arms_own_planning_takes_joints_and_poses(arm: XArm) -> None:
    arm.enable(6)
    target = ROBOT.home + 0.05
    arm.send_joint_target(target, 1.0, 10.0)
    wait(lambda: np.abs(reported(arm).positions - target).max() < 1e-3)
    arm.enable(7)
    pose = ROBOT.chain.forward(ROBOT.home)
    arm.send_tool_target(pose, 0.3, 3.0)
    wait(lambda: np.abs(ROBOT.chain.forward(reported(arm).positions) - pose).max() < 1e-3)


def test_the_gripper_never_delays_commands(arm: XArm) -> None:
    arm.enable(1)
    times = []
    for step in range(100):
        arm.set_gripper(0.85 * (step % 10) / 10)
        start = time.monotonic()
        arm.send_servo(ROBOT.home)
        arm.answers()
        times.append(time.monotonic() - start)
        time.sleep(0.005)
    # One exchange with the gripper takes 20 ms here and several follow one another.
    assert sorted(times)[80] < 0.01
    arm.set_gripper(0.4)
    wait(lambda: abs((arm.gripper_position() or 0.0) - 0.4) < 2e-3)
    assert arm.gripper_problem() == ""


def test_errors_are_read_as_soon_as_the_arm_stops(arm: XArm, box: Box) -> None:
    arm.enable(1)
    box.faults.inject("collision")
    wait(lambda: reported(arm).error_code == 31, 0.5)
    with pytest.raises((ArmFaultError, ArmNotReadyError)):
        arm.send_servo(ROBOT.home)
    with pytest.raises(ArmFaultError, match="the arm has error C31: a collision"):
        arm.enable(1)
    arm.clear_faults()
    arm.enable(1)


def test_an_error_that_stays_is_named(arm: XArm, box: Box) -> None:
    box.faults.inject("emergency_stop")
    with pytest.raises(ArmFaultError, match="C1: the emergency stop button of the control box is pressed; release it"):
        arm.clear_faults()


def test_a_silent_box_is_noticed_and_heard_again(arm: XArm, box: Box) -> None:
    arm.enable(1)
    box.faults.inject("stalled_replies")
    arm.send_servo(ROBOT.home)
    assert not arm.answers()
    time.sleep(0.1)
    with pytest.raises(ArmReplyTimeoutError, match=r"answered no command for 0\.1"):
        arm.answers()
    box.faults.clear()
    wait(arm.answers)


def test_a_dropped_link_is_noticed_and_can_be_opened_again(arm: XArm, box: Box) -> None:
    arm.enable(1)
    box.faults.inject("link_drop")

    def send_for_a_second() -> None:
        for _ in range(100):
            arm.send_servo(ROBOT.home)
            arm.answers()
            time.sleep(0.01)

    with pytest.raises((ArmLinkError, ArmReplyTimeoutError)):
        send_for_a_second()
    with pytest.raises(ArmConnectionError, match="closes the connection at once"):
        arm.connect()
    with pytest.raises(ArmLinkError, match="the link to the control box is down"):
        arm.enable(1)
    box.faults.clear()
    arm.connect()
    arm.enable(1)


def test_the_emergency_stop_stops_and_is_confirmed(arm: XArm, box: Box) -> None:
    arm.enable(1)
    arm.emergency_stop()
    assert box.status.state == 4
    with pytest.raises(ArmNotReadyError, match="not ready to move"):
        arm.send_servo(ROBOT.home)


def test_motors_go_off_and_servo_mode_is_left(arm: XArm, box: Box) -> None:
    arm.enable(1)
    arm.rest()
    assert (box.status.mode, box.status.is_ready) == (0, True)
    arm.disable()
    assert not box.status.is_ready


def test_an_arm_with_other_axes_is_refused(box: Box) -> None:
    arm = XArm(Embodiment.load("xarm6_gripper"), box.config.host, PORT)
    with pytest.raises(ArmConnectionError, match="the arm has 7 axes, embodiment xarm6_gripper has 6; choose"):
        arm.connect()
    assert not arm.is_linked


def test_old_firmware_is_refused() -> None:
    lock = lock_address()
    box = Box(BoxConfig(embodiment=ROBOT, host=lock.address, control_port=PORT, firmware="v1.9.0"))
    box.start()
    try:
        with pytest.raises(ArmConnectionError, match=r"firmware 1\.9\.0, expected 1\.11\.0 or newer; update it"):
            XArm(ROBOT, lock.address, PORT).connect()
    finally:
        box.stop()
        lock.release()


def test_a_silent_address_is_refused() -> None:
    lock = lock_address()
    with pytest.raises(ArmConnectionError, match=f"no xArm control box answers at {lock.address} port 50200"):
        XArm(ROBOT, lock.address, PORT).connect()
    lock.release()
