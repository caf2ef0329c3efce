"""Send raw images from one process to another, as the cameras do, and count what arrives."""

import array
import os
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from zr0_core.stamps import to_nanoseconds, write_stamp

WIDTH, HEIGHT = 640, 480
RATE = 30.0
NUM_IMAGES = 30
START_TIMEOUT_S = 15.0
END_WAIT_S = 0.5


@dataclass(frozen=True, kw_only=True)
class ImageProbe:
    """What came of it."""

    num_sent: int
    """Images published."""
    num_received: int
    """Images that arrived."""
    median_latency_s: float
    """Stamp to callback."""

    @property
    def loss(self) -> float:
        """Share that was lost, 0 to 1."""
        return 1.0 - self.num_received / self.num_sent


def probe_images() -> ImageProbe:
    """Receive images of 640x480 for a second from another process, best effort."""
    topic = f"/zr0_doctor_{os.getpid()}/image"
    latencies: list[float] = []

    def on_image(message: Image) -> None:
        latencies.append((time.time_ns() - to_nanoseconds(message.header.stamp)) * 1e-9)

    rclpy.init()
    node = rclpy.create_node("doctor")
    node.create_subscription(Image, topic, on_image, qos_profile_sensor_data)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    sender = subprocess.Popen([sys.executable, "-m", "zr0_bringup.ros.image_probe", topic])
    try:
        deadline = time.monotonic() + START_TIMEOUT_S + NUM_IMAGES / RATE
        while sender.poll() is None and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        end = time.monotonic() + END_WAIT_S
        while len(latencies) < NUM_IMAGES and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.1)
    finally:
        sender.kill()
        sender.wait()
        node.destroy_node()
        rclpy.try_shutdown()
    median = float(np.median(latencies)) if latencies else float("inf")
    return ImageProbe(num_sent=NUM_IMAGES, num_received=len(latencies), median_latency_s=median)


def send_images(topic: str) -> None:
    """Publish images at 30 Hz for a second, once somebody listens."""
    rclpy.init()
    node = rclpy.create_node("doctor_camera")
    publisher = node.create_publisher(Image, topic, qos_profile_sensor_data)
    message = Image(width=WIDTH, height=HEIGHT, step=3 * WIDTH, encoding="rgb8")
    message.data = array.array("B", bytes(3 * WIDTH * HEIGHT))
    deadline = time.monotonic() + START_TIMEOUT_S
    while publisher.get_subscription_count() == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    for _ in range(NUM_IMAGES):
        write_stamp(message.header.stamp, time.time_ns())
        publisher.publish(message)
        time.sleep(1.0 / RATE)
    time.sleep(END_WAIT_S / 2.0)
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    send_images(sys.argv[1])
