"""The simulator node: table, cameras and control box in one process."""

import logging
import os
import signal
import sys
import threading
import time

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.images import fill_image
from zr0_core.memory import reuse_image_memory
from zr0_core.ros.replies import hold_replies
from zr0_core.scheduling import Priority, prefer_threads
from zr0_core.stamps import write_stamp
from zr0_core.types import ImageArray
from zr0_msgs.msg import SimStatus
from zr0_msgs.srv import InjectFault, ResetTask

from zr0_sim.box.box import Box, BoxConfig
from zr0_sim.camera_loop import CameraLoop
from zr0_sim.ros import qos
from zr0_sim.ros.parameters import SimParameters, declare_parameters
from zr0_sim.ros.status import StatusReporter
from zr0_sim.simulation import Simulation
from zr0_sim.world import choose_backend
from zr0_sim.world.renderer import Backend

STATUS_PERIOD = 0.05
"""s."""
SWITCH_INTERVAL = 0.0005
"""Longest that one Python thread keeps the others waiting, s; the control box must tick every 4 ms."""
PRIORITIES = {
    "xarm-box-ticks": Priority.CONTROL_BOX,
    "xarm-box-server": Priority.CONTROL_BOX,
    "cameras": Priority.CAMERAS,
    threading.main_thread().name: Priority.CAMERAS,
}
"""Real-time priority by thread; the main thread runs ROS."""
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Where Fast DDS looks for its profile, by distribution."""
FAREWELL = 1.5
"""Longest that the control box waits for its clients to leave, s: the controller stops the arm through it."""


class SimNode(Node):
    """Publishers, services and the status timer. Parameters are declared first, so that the rest can be built."""

    def __init__(self) -> None:
        super().__init__("sim")

    def connect(self, simulation: Simulation, box: Box, cameras: CameraLoop, reporter: StatusReporter) -> None:
        """Offer the services and begin to publish the status."""
        self._simulation = simulation
        self._box = box
        self._cameras = cameras
        self._reporter = reporter
        self._status = self.create_publisher(SimStatus, "/sim/status", qos.SIM_STATUS)
        self.create_timer(STATUS_PERIOD, self._publish_status)
        self.create_service(ResetTask, "/sim/reset_task", self._reset_task)
        self.create_service(InjectFault, "/sim/inject_fault", self._inject_fault)
        hold_replies(self)

    def _publish_status(self) -> None:
        self._status.publish(self._reporter.report())

    def _reset_task(self, request: ResetTask.Request, response: ResetTask.Response) -> ResetTask.Response:
        try:
            setup = self._simulation.reset(request.task, request.seed)
        except Zr0Error as error:
            response.message = str(error)
            return response
        with self._box.lock:
            self._box.audit.reset()
        response.success, response.instruction = True, setup.instruction
        response.message = f"{self._simulation.frame.task.name} set up from seed {setup.seed}"
        self.get_logger().info(f"{response.message}: {setup.instruction}")
        return response

    def _inject_fault(self, request: InjectFault.Request, response: InjectFault.Response) -> InjectFault.Response:
        write_stamp(response.stamp, time.time_ns())
        try:
            if request.fault == "camera_drop":
                self._cameras.drop(request.target, request.duration)
            elif request.fault == "clear":
                self._box.faults.clear()
                self._cameras.restore()
            else:
                self._box.faults.inject(request.fault, request.target, request.duration)
        except (Zr0Error, ValueError) as error:
            response.message = f"{error}" if request.fault in str(error) else f"{request.fault}: {error}"
            return response
        response.success = True
        lasting = f" for {request.duration:g} s" if request.duration > 0.0 else ""
        response.message = f"{request.fault} {request.target}".strip() + lasting
        self.get_logger().warning(f"fault injected: {response.message}")
        return response


class ImagePublishers:
    """Publishes camera images; called from the camera thread."""

    def __init__(self, node: Node, embodiment: Embodiment) -> None:
        self._publishers = {
            camera.name: node.create_publisher(Image, camera.topic, qos.IMAGE) for camera in embodiment.cameras
        }

    def is_wanted(self, camera: Camera) -> bool:
        """Tell whether anybody listens to a camera."""
        return bool(self._publishers[camera.name].get_subscription_count())

    def publish(self, camera: Camera, rgb: ImageArray, stamp_ns: int) -> None:
        """Publish one image (height, width, 3), red first."""
        message = Image()
        message.header.frame_id = f"camera_{camera.name}"
        write_stamp(message.header.stamp, stamp_ns)
        fill_image(message, rgb)
        self._publishers[camera.name].publish(message)


def run(node: SimNode, parameters: SimParameters, stopping: threading.Event) -> None:
    """Run the simulator until it is told to stop, then see the box's clients off.

    Raises:
        Zr0Error: A parameter names something that does not exist or does not work here.
        OSError: The control box's ports are taken.
    """
    log = node.get_logger()
    embodiment = Embodiment.load(parameters.embodiment)
    backend = choose_backend(parameters.renderer)
    simulation = Simulation(embodiment, parameters.task, parameters.seed)
    config = BoxConfig(embodiment=embodiment, host=parameters.box_host, control_port=parameters.control_port)
    box = Box(config, simulation.plant)
    publishers = ImagePublishers(node, embodiment)
    cameras = CameraLoop(simulation, backend, publishers.publish, publishers.is_wanted)
    reporter = StatusReporter(simulation, box, cameras, backend)
    if not any(os.environ.get(name) for name in PROFILE_VARIABLES):
        log.warning(
            f"neither {' nor '.join(PROFILE_VARIABLES)} is set: with the middleware's defaults most raw images are "
            "lost; start the simulator through zr0 or its launch file, or set both to zr0_bringup/config/fastdds.xml"
        )
    box.start()
    try:
        cameras.start()
        node.connect(simulation, box, cameras, reporter)
        # One image by rays takes so long that nothing else may have to wait for it.
        left_out = "cameras" if backend is Backend.RAYCAST else ""
        scheduling = prefer_threads({name: level for name, level in PRIORITIES.items() if name != left_out})
        log.info(
            f"{embodiment.name} with task {parameters.task}, control box at {config.host}:{box.control_port}, "
            f"renderer {backend.value}, {scheduling}"
        )
        _spin(node, cameras, stopping)
        _wait_for_clients(node, box)
    finally:
        cameras.stop()
        box.stop()


def _spin(node: SimNode, cameras: CameraLoop, stopping: threading.Event) -> None:
    executor = EventsExecutor()
    executor.add_node(node)
    try:
        while not stopping.is_set():
            executor.spin_once(timeout_sec=0.1)
            if cameras.failure is not None:
                raise Zr0Error(f"the cameras failed: {cameras.failure}") from cameras.failure
    finally:
        executor.remove_node(node)
        executor.shutdown()


def _wait_for_clients(node: SimNode, box: Box) -> None:
    deadline = time.monotonic() + FAREWELL
    while box.num_clients and time.monotonic() < deadline:
        time.sleep(0.02)
    if box.num_clients:
        node.get_logger().warning(f"{box.num_clients} clients of the control box did not leave within {FAREWELL} s")


def main() -> None:
    """Run the simulator node until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s")
    logging.getLogger("OpenGL").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_INTERVAL)
    reuse_image_memory()
    # Our own handlers: the context must outlive the request to stop, until the box's clients have left.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    node = SimNode()
    code = 0
    try:
        run(node, declare_parameters(node), stopping)
    except (Zr0Error, OSError, ValueError, ParameterException) as error:
        node.get_logger().fatal(str(error))
        code = 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(code)


if __name__ == "__main__":
    main()
