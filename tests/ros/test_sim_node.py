"""The simulator as a process: cameras, status, services, faults, and how it ends."""

import dataclasses
import socket
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from zr0_core.embodiment import Embodiment
from zr0_core.images import decode_image
from zr0_core.stamps import to_nanoseconds
from zr0_msgs.msg import SimStatus
from zr0_msgs.srv import InjectFault, ResetTask
from zr0_test_support.probe import Probe
from zr0_test_support.process import NodeProcess, StartNode

pytestmark = pytest.mark.ros

CONTROL_PORT = 50200
VERSION, GET_ERROR = 1, 15
EMERGENCY_STOP = 1


class BoxClient:
    """A client of the control box that asks single questions."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection((address, CONTROL_PORT), timeout=5.0)

    def ask(self, register: int) -> bytes:
        """Return the parameters of the response to a request without any."""
        self._socket.sendall(struct.pack(">HHHB", 1, 2, 1, register))
        _, _, length = struct.unpack(">HHH", self._receive(6))
        return self._receive(length)[2:]

    def close(self) -> None:
        self._socket.close()

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            received = self._socket.recv(size - len(data))
            assert received, "the control box closed the connection"
            data += received
        return data


@pytest.fixture
def sim(start_node: StartNode, box_address: str) -> NodeProcess:
    return start_node(
        "zr0_sim", "sim_node", parameters={"box_host": box_address, "control_port": CONTROL_PORT, "seed": 3}
    )


@pytest.mark.usefixtures("sim")
def test_cameras_and_ground_truth_are_published(probe: Probe) -> None:
    front = probe.subscribe(Image, "/camera/front/image_raw", qos_profile_sensor_data)
    wrist = probe.subscribe(Image, "/camera/wrist/image_raw", qos_profile_sensor_data)
    statuses = probe.subscribe(SimStatus, "/sim/status")
    front.wait_count(5, timeout=30.0)
    wrist.wait_count(5)
    for inbox in (front, wrist):
        images = [decode_image(message) for message in inbox.messages[:5]]
        assert {image.shape for image in images} == {(480, 640, 3)}
        assert all(image.std() > 20.0 for image in images)
        stamps = [to_nanoseconds(message.header.stamp) for message in inbox.messages]
        assert stamps == sorted(set(stamps))
        assert abs(stamps[-1] - time.time_ns()) < 5e9  # the system clock, not a clock of its own
    status = statuses.wait(lambda message: message.camera_rate > 0.0)
    assert (status.task, status.seed) == ("pick_place", 3)
    assert status.instruction.startswith("Put the ")
    assert status.object_names == ["red_cube", "green_cube", "yellow_cube", "blue_bin"]
    assert all(0.15 < pose.position.x < 0.65 for pose in status.object_poses)
    assert 0.0 < status.real_time_factor < 1.2
    assert status.renderer in {"egl", "osmesa", "raycast"}
    assert not status.is_success
    assert 0.0 <= status.joint_speed < 0.05  # nobody commands the arm


@pytest.mark.usefixtures("sim")
def test_a_reset_puts_the_objects_elsewhere_and_says_what_to_do(probe: Probe) -> None:
    statuses = probe.subscribe(SimStatus, "/sim/status")
    before = statuses.wait(timeout=30.0)
    response = probe.call(ResetTask, "/sim/reset_task", ResetTask.Request(seed=8))
    assert response.success
    after = statuses.wait(lambda message: message.seed == 8)
    assert after.instruction == response.instruction
    moved = [
        np.hypot(new.position.x - old.position.x, new.position.y - old.position.y)
        for new, old in zip(after.object_poses, before.object_poses, strict=True)
    ]
    assert min(moved) > 0.001
    refused = probe.call(ResetTask, "/sim/reset_task", ResetTask.Request(task="juggle", seed=8))
    assert not refused.success
    assert refused.message == "no task named 'juggle'; available: pick_place"


def test_faults_of_cameras_and_of_the_box_come_and_go(sim: NodeProcess, probe: Probe, box_address: str) -> None:
    front = probe.subscribe(Image, "/camera/front/image_raw", qos_profile_sensor_data)
    wrist = probe.subscribe(Image, "/camera/wrist/image_raw", qos_profile_sensor_data)
    wrist.wait(timeout=30.0)
    assert probe.call(
        InjectFault, "/sim/inject_fault", InjectFault.Request(fault="camera_drop", target="wrist")
    ).success
    last = len(wrist)
    front.wait_count(len(front) + 10)
    assert len(wrist) <= last + 2  # what was on its way

    client = BoxClient(box_address)
    assert client.ask(GET_ERROR)[0] == 0
    assert probe.call(InjectFault, "/sim/inject_fault", InjectFault.Request(fault="emergency_stop")).success
    assert client.ask(GET_ERROR)[0] == EMERGENCY_STOP
    client.close()

    assert probe.call(InjectFault, "/sim/inject_fault", InjectFault.Request(fault="clear")).success
    wrist.wait_count(len(wrist) + 3)
    sim.wait_for_log("fault injected: emergency_stop")


@pytest.mark.usefixtures("sim")
@pytest.mark.parametrize(
    ("fault", "target", "message"),
    [
        ("earthquake", "", "unknown fault 'earthquake', available: emergency_stop, "),
        ("camera_drop", "side", "camera_drop: no camera 'side', available: front, wrist"),
        ("joint_limit", "9", "target of joint_limit is '9', expected a joint number 1 to 7"),
    ],
)
def test_an_impossible_fault_is_refused(probe: Probe, fault: str, target: str, message: str) -> None:
    response = probe.call(InjectFault, "/sim/inject_fault", InjectFault.Request(fault=fault, target=target), 30.0)
    assert not response.success
    assert response.message.startswith(message)


def test_another_robot_with_small_images(start_node: StartNode, probe: Probe, box_address: str, tmp_path: Path) -> None:
    embodiment = Embodiment.load("xarm6_gripper")
    cameras = tuple(dataclasses.replace(camera, width=224, height=224) for camera in embodiment.cameras)
    path = tmp_path / "small.yaml"
    path.write_text(dataclasses.replace(embodiment, cameras=cameras).to_text(), encoding="utf-8")
    start_node(
        "zr0_sim", "sim_node", parameters={"box_host": box_address, "embodiment": str(path), "renderer": "raycast"}
    )
    image = probe.subscribe(Image, "/camera/front/image_raw", qos_profile_sensor_data).wait(timeout=30.0)
    assert decode_image(image).shape == (224, 224, 3)
    assert probe.subscribe(SimStatus, "/sim/status").wait().renderer == "raycast"
    client = BoxClient(box_address)
    assert client.ask(VERSION).startswith(b"6,6,")
    client.close()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("task", "juggle", "parameter task is 'juggle', expected one of pick_place"),
        ("renderer", "vulkan", "parameter renderer is 'vulkan', expected one of auto, egl, osmesa, raycast"),
        ("embodiment", "xarm9_gripper", "no embodiment named 'xarm9_gripper'; did you mean 'xarm"),
        ("control_port", 70000, "control_port"),
        ("box_host", "", "parameter box_host is empty"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(
    start_node: StartNode, box_address: str, name: str, value: str | int, message: str
) -> None:
    node = start_node("zr0_sim", "sim_node", parameters={"box_host": box_address} | {name: value})
    assert node.wait_exit(30.0) == 1
    assert message in node.log()
    assert "Traceback" not in node.log()


def test_a_missing_middleware_profile_is_said(ros_env: dict[str, str], tmp_path: Path, box_address: str) -> None:
    environment = ros_env | {"FASTRTPS_DEFAULT_PROFILES_FILE": "", "FASTDDS_DEFAULT_PROFILES_FILE": ""}
    parameters = {"box_host": box_address}
    with NodeProcess(
        "zr0_sim", "sim_node", log_folder=tmp_path, environment=environment, parameters=parameters
    ) as node:
        node.wait_for_log("most raw images are lost", timeout=30.0)


def test_a_taken_port_is_said(sim: NodeProcess, start_node: StartNode, box_address: str) -> None:
    sim.wait_for_log("control box serves", timeout=30.0)
    second = start_node("zr0_sim", "sim_node", parameters={"box_host": box_address}, node_name="second")
    assert second.wait_exit(30.0) == 1
    assert f"control box cannot serve at {box_address}: " in second.log()


def test_the_box_outlives_the_interrupt_until_its_clients_have_left(sim: NodeProcess, box_address: str) -> None:
    sim.wait_for_log("control box at", timeout=30.0)
    client = BoxClient(box_address)
    assert client.ask(VERSION).startswith(b"7,7,")
    sim.interrupt()
    time.sleep(0.5)
    assert sim.is_running
    assert client.ask(VERSION).startswith(b"7,7,")
    client.close()
    assert sim.wait_exit() == 0


def test_a_client_that_stays_does_not_keep_the_simulator(sim: NodeProcess, box_address: str) -> None:
    sim.wait_for_log("control box at", timeout=30.0)
    client = BoxClient(box_address)
    client.ask(VERSION)
    sim.interrupt()
    assert sim.wait_exit() == 0
    assert "1 clients of the control box did not leave within 1.5 s" in sim.log()
    client.close()
