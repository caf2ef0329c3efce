"""Raw camera images cross processes whole and without loss, and decode to what was sent."""

from pathlib import Path

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from zr0_core.embodiment import Embodiment
from zr0_core.images import camera_image
from zr0_test_support.demo_package import write_demo_package
from zr0_test_support.probe import Probe
from zr0_test_support.process import StartNode

pytestmark = pytest.mark.ros

FRONT = Embodiment.load("xarm7_gripper").cameras[0]
NUM_FRAMES = 60
CAMERA = f"""
import cv2
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from zr0_core.images import fill_image

rclpy.init()
node = rclpy.create_node("camera")
raw = node.create_publisher(Image, "raw", qos_profile_sensor_data)
compressed = node.create_publisher(CompressedImage, "raw/compressed", qos_profile_sensor_data)
number = 0

def send():
    global number
    if raw.get_subscription_count() == 0 or number == {NUM_FRAMES}:
        return
    number += 1
    rgb = np.full((480, 640, 3), (number, 0, 200), np.uint8)
    message = Image()
    message.header.stamp = node.get_clock().now().to_msg()
    fill_image(message, rgb)
    raw.publish(message)
    small = CompressedImage(header=message.header, format="png")
    small.data = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    compressed.publish(small)

node.create_timer(1 / 30, send)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
rclpy.try_shutdown()
"""


def test_raw_images_arrive_whole_and_without_loss(
    start_node: StartNode, probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_demo_package(tmp_path / "prefix", "demo", {"camera": CAMERA})
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "prefix"), prepend=":")
    compressed = probe.subscribe(CompressedImage, "raw/compressed", qos_profile_sensor_data)
    raw = probe.subscribe(Image, "raw", qos_profile_sensor_data)
    start_node("demo", "camera")
    raw.wait(lambda message: message.data[0] == NUM_FRAMES, timeout=30.0)
    numbers = [message.data[0] for message in raw.messages]
    # The first frames may precede the match of the two ends; from the first that came on, none may be missing.
    assert numbers == list(range(numbers[0], NUM_FRAMES + 1))
    assert numbers[0] < NUM_FRAMES // 2
    frame = camera_image(FRONT, raw.latest)
    assert frame.stamp_ns > 0
    np.testing.assert_array_equal(frame.rgb, np.full((480, 640, 3), (NUM_FRAMES, 0, 200), np.uint8))
    small = compressed.wait(lambda message: message.header == raw.latest.header)
    np.testing.assert_array_equal(camera_image(FRONT, small).rgb, frame.rgb)
