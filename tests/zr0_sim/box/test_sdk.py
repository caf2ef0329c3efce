"""The unmodified SDK against the box: what UFACTORY's example programs call, with their return codes."""

import time

import numpy as np
import pytest
from xarm.core.config.x_config import XCONF
from xarm.wrapper import XArmAPI
from zr0_sim.box.arm_model import transform_from_pose
from zr0_test_support.box_bench import LiveArm, connect, wait_for

DOWN = (np.pi, 0.0, 0.0)
BOTH_ARMS = pytest.mark.parametrize("live", ["xarm6_gripper", "xarm7_gripper"], indirect=True)


def seven(values: list[float]) -> list[float]:
    return [*values, *[0.0] * 7][:7]


def wait_for_report(api: XArmAPI) -> bool:
    """Wait until a report has come that is newer than now."""
    reports: list[dict[str, object]] = []
    api.register_report_callback(reports.append)
    return wait_for(lambda: len(reports) > 0)


@BOTH_ARMS
def test_connects_and_knows_the_arm(live: LiveArm) -> None:
    axes = len(live.plant.positions)
    assert live.api.connected
    assert live.api.get_version() == (0, f"{axes},{axes},XI1300,AC1300,v2.7.1")
    assert live.api.axis == axes
    assert live.api.get_robot_sn()[0] == 0
    assert live.api.get_err_warn_code() == (0, [0, 0])
    assert live.api.get_state() == (0, 4)
    assert live.api.get_cmdnum() == (0, 0)
    assert wait_for_report(live.api)


@BOTH_ARMS
def test_published_forward_and_inverse_vectors(live: LiveArm) -> None:
    axes = len(live.plant.positions)
    if axes == 6:
        code, pose = live.api.get_forward_kinematics([np.pi / 3, 0, 0, 0, 0, 0])
        expected = np.array([103.5, 179.267, 112.0, -np.pi, 0, 1.0472])
        code_back, joints = live.api.get_inverse_kinematics([400, 0, 200, *DOWN])
        assert joints[:6] == pytest.approx([0, 0.0818, -0.6412, 0, 0.5594, 0], abs=5e-5)
    else:
        code, pose = live.api.get_forward_kinematics(list(np.zeros(7)))
        expected = np.array([206, 0, 120.5, np.pi, 0, 0])
        code_back, joints = live.api.get_inverse_kinematics([400, 0, 200, *DOWN])
        again = live.api.get_forward_kinematics(joints)[1]
        assert again[:3] == pytest.approx([400, 0, 200], abs=5e-3)
    assert (code, code_back) == (0, 0)
    # As transforms: -180 and 180 degrees are the same. 1e-4 mm is finer than 4 digits.
    assert transform_from_pose(np.array(pose)) == pytest.approx(transform_from_pose(expected), abs=5e-5)
    assert pose[:3] == pytest.approx(expected[:3], abs=5e-4)


def test_limit_checks(live: LiveArm) -> None:
    assert live.api.is_joint_limit([0.0] * 7) == (0, False)
    assert live.api.is_joint_limit(seven([0.0, 2.2])) == (0, True)
    assert live.api.is_tcp_limit([400, 0, 200, *DOWN]) == (0, False)
    assert live.api.is_tcp_limit([3000, 0, 200, *DOWN]) == (0, True)


def test_move_before_enabling_is_refused(live: LiveArm) -> None:
    assert wait_for_report(live.api)
    assert live.api.set_servo_angle(angle=[0.1] * 6) == -2


@BOTH_ARMS
def test_joint_moves(live: LiveArm) -> None:
    live.ready()
    goal = seven([0.4, -0.3, -0.2 if len(live.plant.positions) == 6 else 0.2, 0.3, 0.0, 0.4])
    assert live.api.set_servo_angle(angle=goal, speed=2.0, mvacc=15.0, wait=True, timeout=10) == 0
    found = live.api.get_servo_angle()[1]
    axes = len(live.plant.positions)
    assert found[:axes] == pytest.approx(goal[:axes], abs=1e-3)
    assert live.api.set_servo_angle(servo_id=1, angle=0.1, speed=2.0, wait=True, timeout=10) == 0
    assert live.api.get_servo_angle(servo_id=1)[1] == pytest.approx(0.1, abs=1e-3)
    assert live.api.set_servo_angle(angle=seven([0.2]), relative=True, speed=2.0, wait=True, timeout=10) == 0
    assert live.api.get_servo_angle(servo_id=1)[1] == pytest.approx(0.3, abs=1e-3)
    assert live.api.set_servo_angle(angle=goal, speed=2.0, radius=20, wait=False) == 0
    assert live.api.move_gohome(speed=2.0, wait=True, timeout=10) == 0
    assert live.api.get_servo_angle()[1][:axes] == pytest.approx([0.0] * axes, abs=1e-3)


@BOTH_ARMS
def test_line_moves(live: LiveArm) -> None:
    live.ready()
    api = live.api
    fast = {"speed": 500, "mvacc": 5000, "wait": True, "timeout": 10}

    def where() -> list[float]:
        return list(api.get_position()[1][:3])

    assert api.set_position(300, 0, 200, *DOWN, **fast) == 0
    assert where() == pytest.approx([300, 0, 200], abs=0.1)
    assert api.set_position(y=100, **fast) == 0
    assert where() == pytest.approx([300, 100, 200], abs=0.1)
    assert api.set_position(z=-50, relative=True, **fast) == 0
    assert where() == pytest.approx([300, 100, 150], abs=0.1)
    assert api.set_tool_position(z=-30, **fast) == 0
    assert where() == pytest.approx([300, 100, 180], abs=0.1)
    assert api.set_position_aa([320, 100, 180, np.pi, 0, 0], **fast) == 0
    assert api.set_position_aa([0, -100, 0, 0, 0, 0], relative=True, **fast) == 0
    assert api.set_position_aa([0, 0, 10, 0, 0, 0], is_tool_coord=True, **fast) == 0
    assert where() == pytest.approx([320, 0, 170], abs=0.1)
    circle = {"pose1": [340, 20, 170, *DOWN], "pose2": [320, 40, 170, *DOWN]}
    assert api.move_circle(**circle, percent=50, **fast) == 0
    assert where() == pytest.approx([320, 40, 170], abs=0.1)
    assert api.set_pause_time(0.1) == 0
    assert api.get_position_aa()[0] == 0
    assert api.get_pose_offset([0, 0, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0])[1][:3] == pytest.approx([1, 2, 3], abs=1e-3)


def test_tool_offset_is_the_clients_own(live: LiveArm) -> None:
    before = live.api.get_position()[1]
    assert live.api.set_tcp_offset([0, 0, 172, 0, 0, 0]) == 0
    after = live.api.get_position()[1]
    assert after[2] == pytest.approx(before[2] - 172, abs=0.01)
    live.ready()
    assert wait_for(lambda: live.api.tcp_offset[2] == 172.0)
    assert live.api.set_tcp_load(0.8, [0, 0, 60]) == 0
    assert wait_for(lambda: live.api.tcp_load[0] == pytest.approx(0.8))


def test_settings(live: LiveArm) -> None:
    live.ready()
    api = live.api
    for code in (
        api.set_tcp_jerk(1000),
        api.set_tcp_maxacc(20000),
        api.set_joint_jerk(20),
        api.set_joint_maxacc(15),
        api.set_collision_sensitivity(2),
        api.set_teach_sensitivity(2),
        api.set_gravity_direction([0, 0, -1]),
        api.set_world_offset([0, 0, 0, 0, 0, 0]),
        api.set_reduced_max_tcp_speed(200),
        api.set_reduced_max_joint_speed(1.0),
        api.set_reduced_tcp_boundary([800, -800, 800, -800, 800, -800]),
        api.set_reduced_joint_range([-6.0, 6.0] * 7),
        api.set_self_collision_detection(True),
        api.set_collision_tool_model(1),
        api.set_counter_increase(),
        api.set_counter_reset(),
        api.clean_conf(),
        api.save_conf(),
    ):
        assert code == 0
    assert api.get_reduced_mode() == (0, 0)
    assert api.get_reduced_states()[0] == 0


def test_inputs_and_outputs(live: LiveArm) -> None:
    live.ready()
    api = live.api
    assert api.set_cgpio_digital(0, 1) == 0
    assert api.set_cgpio_analog(0, 5.0) == 0
    assert api.get_cgpio_digital()[0] == 0
    assert api.get_cgpio_analog() == (0, [0.0, 0.0])
    assert api.get_cgpio_state()[0] == 0
    assert api.get_tgpio_digital()[0] == 0
    assert api.set_tgpio_digital(0, 1) == 0
    assert api.get_tgpio_analog()[0] == 0
    assert api.set_cgpio_digital(1, 1, delay_sec=0.1) == 0
    assert api.set_tgpio_digital(1, 1, delay_sec=0.1) == 0
    here = api.get_position()[1][:3]
    assert api.set_cgpio_digital_with_xyz(2, 1, xyz=here, fault_tolerance_radius=5) == 0
    assert api.set_cgpio_analog_with_xyz(1, 2.5, xyz=here, fault_tolerance_radius=5) == 0
    assert api.set_tgpio_digital_with_xyz(0, 1, xyz=here, fault_tolerance_radius=5) == 0
    assert wait_for(lambda: live.box._context.io.digital_outputs == 0b111)


@BOTH_ARMS
def test_servo_joint_stream(live: LiveArm) -> None:
    live.ready(mode=1)
    start = np.array(live.api.get_servo_angle()[1])
    steps = 100
    for index in range(steps):
        target = start.copy()
        target[0] += 0.15 * (1 - np.cos(np.pi * (index + 1) / steps))
        assert live.api.set_servo_angle_j(list(target)) == 0
        time.sleep(0.01)
    assert wait_for(lambda: abs(live.api.get_servo_angle(servo_id=1)[1] - start[0] - 0.3) < 1e-3)
    assert live.box.audit.num_commands == steps
    assert live.box.audit.num_violations == 0


@BOTH_ARMS
def test_servo_cartesian_stream(live: LiveArm) -> None:
    live.ready()
    assert live.api.set_position(300, 0, 200, *DOWN, speed=500, mvacc=5000, wait=True, timeout=10) == 0
    live.ready(mode=1)
    for step in range(1, 31):
        assert live.api.set_servo_cartesian([300 + step, 0, 200, *DOWN]) == 0
        time.sleep(0.01)
    assert wait_for(lambda: abs(live.api.get_position()[1][0] - 330) < 0.1)
    assert live.api.set_servo_cartesian_aa([0, 5, 0, 0, 0, 0], relative=True) == 0
    assert wait_for(lambda: abs(live.api.get_position()[1][1] - 5) < 0.1)
    assert live.api.set_servo_cartesian([400, 0, 200, *DOWN]) == 1
    assert live.api.get_err_warn_code() == (0, [60, 0])


def test_velocity_modes(live: LiveArm) -> None:
    live.ready(mode=4)
    assert live.api.vc_set_joint_velocity(seven([0.5]), duration=0.3) == 0
    assert wait_for(lambda: live.api.get_servo_angle(servo_id=1)[1] > 0.12)
    assert wait_for(lambda: live.api.get_state()[1] == 2)
    live.ready()
    assert live.api.set_position(300, 0, 200, *DOWN, speed=500, mvacc=5000, wait=True, timeout=10) == 0
    live.ready(mode=5)
    assert live.api.vc_set_cartesian_velocity([0, 0, 100, 0, 0, 0]) == 0
    assert wait_for(lambda: live.api.get_position()[1][2] > 220)
    assert live.api.vc_set_cartesian_velocity([0] * 6) == 0
    assert wait_for(lambda: live.api.get_state()[1] == 2)


def test_online_planning_modes(live: LiveArm) -> None:
    live.ready(mode=6)
    assert live.api.set_servo_angle(angle=seven([1.0]), speed=1.0) == 0
    time.sleep(0.1)
    assert live.api.set_servo_angle(angle=seven([0.2]), speed=1.0) == 0
    assert wait_for(lambda: abs(live.api.get_servo_angle(servo_id=1)[1] - 0.2) < 1e-3)
    live.ready()
    assert live.api.set_position(300, 0, 200, *DOWN, speed=500, mvacc=5000, wait=True, timeout=10) == 0
    live.ready(mode=7)
    assert live.api.set_position(300, 100, 200, *DOWN, speed=200) == 0
    time.sleep(0.1)
    assert live.api.set_position(300, -20, 200, *DOWN, speed=200) == 0
    assert wait_for(lambda: abs(live.api.get_position()[1][1] + 20) < 0.1)


def test_gripper(live: LiveArm) -> None:
    live.ready()
    api = live.api
    assert api.set_gripper_mode(0) == 0
    assert api.set_gripper_enable(True) == 0
    assert api.set_gripper_speed(5000) == 0
    assert api.get_gripper_version() == (0, "3.4.3")
    assert api.set_gripper_position(300, wait=True, timeout=5) == 0
    assert api.get_gripper_position() == (0, 300)
    assert api.get_gripper_err_code() == (0, 0)
    live.plant.gripper_obstacle = 0.7
    assert api.set_gripper_position(0, wait=True, timeout=5) == 0
    assert api.get_gripper_status() == (0, 2)
    assert api.clean_gripper_error() == 0


def test_two_connections_one_for_motion_and_one_for_the_gripper(live: LiveArm) -> None:
    live.ready(mode=1)
    second = connect(live.box.config.host)
    assert second.set_gripper_enable(True) == 0
    start = list(live.api.get_servo_angle()[1])
    assert second.set_gripper_position(200, wait=False, wait_motion=False) == 0
    for _ in range(20):
        assert live.api.set_servo_angle_j(start) == 0
    assert wait_for(lambda: second.get_gripper_position()[1] == 200)
    second.disconnect()


def test_pause_resume_and_stop(live: LiveArm) -> None:
    live.ready()
    assert live.api.set_servo_angle(angle=seven([1.5]), speed=1.0, wait=False) == 0
    time.sleep(0.3)
    assert live.api.set_state(3) == 0
    assert wait_for(lambda: live.api.get_state()[1] == 3)
    assert live.api.set_state(0) == 0
    assert wait_for(lambda: live.api.get_state()[1] == 1)
    live.api.emergency_stop()
    assert live.api.get_state() == (0, 4)
    assert live.api.set_servo_angle(angle=seven([0.0])) == 9
    live.ready()
    assert live.api.move_gohome(speed=2.0, wait=True, timeout=10) == 0


def test_errors_reach_the_client_and_can_be_cleared(live: LiveArm) -> None:
    live.ready()
    live.box.faults.inject("collision")
    assert wait_for(lambda: live.api.error_code == 31)
    assert live.api.get_err_warn_code() == (0, [31, 0])
    assert live.api.get_state() == (0, 4)
    assert live.api.clean_error() == 0
    assert wait_for(lambda: live.api.error_code == 0)
    live.ready()
    live.box.faults.inject("emergency_stop")
    assert wait_for(lambda: live.api.error_code == 1)
    live.api.clean_error()
    assert live.api.get_err_warn_code() == (0, [1, 0])
    live.box.faults.clear()
    assert live.api.clean_error() == 0
    live.ready()
    assert live.api.get_err_warn_code() == (0, [0, 0])


def test_error_ends_a_waiting_move(live: LiveArm) -> None:
    live.ready()
    live.api.set_servo_angle(angle=seven([3.0]), speed=0.5, wait=False)
    time.sleep(0.2)
    live.box.faults.inject("over_speed")
    assert live.api.set_servo_angle(angle=seven([0.0]), speed=0.5, wait=True, timeout=10) in {1, 9}
    assert live.api.get_err_warn_code() == (0, [24, 0])


def test_stalled_replies_time_out_and_recover(live: LiveArm) -> None:
    live.ready()
    live.api.set_timeout(0.2)
    live.box.faults.inject("stalled_replies", duration=0.5)
    assert live.api.get_cmdnum()[0] == 3
    assert wait_for(lambda: live.api.get_cmdnum()[0] == 0)


def test_dropped_link_is_noticed(live: LiveArm) -> None:
    live.ready()
    live.box.faults.inject("link_drop")
    assert wait_for(lambda: not live.api.connected)
    assert live.api.get_state()[0] == -1


@pytest.mark.parametrize("kind", ["real", "normal", "rich"])
def test_reports_of_every_kind_are_read(live: LiveArm, kind: str) -> None:
    second = connect(live.box.config.host, report_type=kind)
    positions = live.plant.positions
    assert wait_for_report(second)
    assert second.angles[: len(positions)] == pytest.approx(list(positions), abs=1e-3)
    second.disconnect()


def test_the_port_is_the_one_asked_for(live: LiveArm) -> None:
    assert live.box.control_port == XCONF.SocketConf.TCP_CONTROL_PORT
