"""The policy node as a real process, fed by cameras and an arm that the test publishes."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import DescribeParameters
from rclpy.action import ActionClient
from rclpy.duration import Duration
from rclpy.qos import HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image, JointState
from zr0_core.embodiment import Embodiment
from zr0_core.images import fill_image
from zr0_core.stamps import to_nanoseconds, write_stamp
from zr0_msgs.action import RunTask
from zr0_msgs.msg import ActionChunk, PolicyStatus
from zr0_test_support.probe import Probe
from zr0_test_support.process import NodeProcess, StartNode

pytestmark = pytest.mark.ros

EMBODIMENT = Embodiment.load("xarm7_gripper")
STATE = np.append(EMBODIMENT.home, 0.2)
GREY = np.full((480, 640, 3), 128, dtype=np.uint8)
STATUS_QOS = QoSProfile(depth=50, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)


class Robot:
    """Publishes what a robot publishes: two cameras at 30 Hz and joints at 100 Hz, from a thread."""

    def __init__(self, probe: Probe) -> None:
        self.dropped: set[str] = set()
        self.joint_names = list(EMBODIMENT.measured_names)
        self._cameras = {
            camera.name: probe.node.create_publisher(Image, camera.topic, qos_profile_sensor_data)
            for camera in EMBODIMENT.cameras
        }
        self._joints = probe.node.create_publisher(JointState, EMBODIMENT.state.topic, 10)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        image = Image()
        fill_image(image, GREY)
        tick = 0
        while not self._stop.wait(0.01):
            now_ns = time.time_ns()
            joints = JointState(name=self.joint_names, position=STATE[: len(self.joint_names)].tolist())
            write_stamp(joints.header.stamp, now_ns)
            self._joints.publish(joints)
            if tick % 3 == 0:
                for name, publisher in self._cameras.items():
                    if name not in self.dropped:
                        write_stamp(image.header.stamp, now_ns)
                        publisher.publish(image)
            tick += 1


@pytest.fixture
def robot(probe: Probe) -> Iterator[Robot]:
    running = Robot(probe)
    yield running
    running.close()


def start_active(start_node: StartNode, probe: Probe, **parameters: str | float) -> NodeProcess:
    process = start_node("zr0_policy", "policy_node", parameters=parameters)
    assert probe.configure("/policy"), process.log_tail()
    assert probe.activate("/policy"), process.log_tail()
    return process


def goal(duration: float = 0.0, instruction: str = "stay where you are") -> RunTask.Goal:
    return RunTask.Goal(instruction=instruction, max_duration=duration)


@pytest.mark.usefixtures("robot")
def test_zr0_emits_chunks_until_time_is_up(start_node: StartNode, probe: Probe) -> None:
    process = start_active(start_node, probe, policy="zr0", checkpoint="zr0_tiny_xarm7", rate=5.0)
    chunks = probe.subscribe(ActionChunk, "/zr0/action_chunk", STATUS_QOS)
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    statuses.wait(lambda status: status.state == PolicyStatus.IDLE and status.policy == "zr0")
    feedback: list[RunTask.Feedback] = []
    handle = probe.send_goal(
        RunTask, "/zr0/run_task", goal(3.0), feedback=lambda message: feedback.append(message.feedback)
    )
    running = statuses.wait(lambda status: status.state == PolicyStatus.RUNNING and status.num_chunks >= 2)
    assert running.instruction == "stay where you are"
    assert list(running.input_names) == ["front", "wrist", "state"]
    assert 0.0 < running.inference_time < running.latency < 3.0
    result = probe.ask(handle.get_result_async).result
    assert (result.outcome, result.reason) == (RunTask.Result.TIME_UP, "3 s are over"), process.log_tail()
    assert result.duration == pytest.approx(3.0, abs=1.0)

    received = chunks.messages
    assert result.num_chunks >= 3
    assert [chunk.sequence for chunk in received] == list(
        range(received[0].sequence, received[0].sequence + len(received))
    )
    for chunk in received:
        assert chunk.embodiment == "xarm7_gripper"
        assert chunk.embodiment_hash == EMBODIMENT.content_hash
        assert tuple(chunk.names) == EMBODIMENT.action.names
        assert chunk.horizon == 16
        assert len(chunk.actions) == 16 * 8
        assert np.isfinite(chunk.actions).all()
        assert chunk.step_period == pytest.approx(0.1)
        assert chunk.header.frame_id == "link_base"
        age_s = (to_nanoseconds(chunk.header.stamp) - to_nanoseconds(chunk.observation_stamp)) * 1e-9
        assert 0.0 < age_s < 3.0
    for before, after in itertools.pairwise(received):
        elapsed = (to_nanoseconds(after.observation_stamp) - to_nanoseconds(before.observation_stamp)) * 1e-9
        assert after.num_executed_assumed == min(int(elapsed / 0.1 + 1e-6), 16)
    assert feedback
    assert feedback[-1].policy_state in {"RUNNING", "IDLE", "WAITING_FOR_INPUT"}
    statuses.wait(lambda status: status.state == PolicyStatus.IDLE and status.reason == "no task", after=len(statuses))


@pytest.mark.usefixtures("robot")
@pytest.mark.parametrize(
    ("chunking", "policy"), [("sync", "hold"), ("latest", "hold"), ("ensemble", "hold"), ("rtc", "zr0")]
)
def test_every_chunking_strategy_runs_a_task_and_reports_its_delays(
    start_node: StartNode, probe: Probe, chunking: str, policy: str
) -> None:
    process = start_active(start_node, probe, policy=policy, chunking=chunking, sync_rows=2, rate=5.0)
    chunks = probe.subscribe(ActionChunk, "/zr0/action_chunk", STATUS_QOS)
    reports = probe.subscribe(DiagnosticArray, "/diagnostics", STATUS_QOS)
    handle = probe.send_goal(RunTask, "/zr0/run_task", goal(3.0))
    result = probe.ask(handle.get_result_async).result
    assert (result.outcome, result.reason) == (RunTask.Result.TIME_UP, "3 s are over"), process.log_tail()
    assert result.num_chunks >= 3
    for before, after in itertools.pairwise(chunks.messages):
        assert len(after.actions) == 16 * 8
        assert np.isfinite(after.actions).all()
        elapsed = (to_nanoseconds(after.observation_stamp) - to_nanoseconds(before.observation_stamp)) * 1e-9
        num_frozen = after.num_executed_assumed - min(int(elapsed / 0.1 + 1e-6), 16)
        if chunking != "rtc":
            assert num_frozen == 0
            np.testing.assert_allclose(np.reshape(after.actions, (16, 8)), np.tile(STATE, (16, 1)))
        else:
            assert num_frozen >= 1
            # A frozen row lies on the line between two rows of the chunk before.
            times = elapsed + 0.1 * np.arange(1, num_frozen + 1)
            rows = np.reshape(before.actions, (16, 8)).T
            expected = np.stack([np.interp(times, 0.1 * np.arange(1, 17), row) for row in rows], axis=1)
            np.testing.assert_allclose(np.reshape(after.actions, (16, 8))[:num_frozen], expected, atol=1e-9)
    num_reports = len(reports)
    report = reports.wait(lambda message: message.status[0].name == "policy", after=num_reports)
    values = {entry.key: entry.value for entry in report.status[0].values}
    assert values["chunking"] == chunking
    assert int(values["expected delay [rows]"]) >= int(values["last delay [rows]"]) >= 1
    buckets = [int(value) for key, value in values.items() if key.startswith(("latency <=", "latency >"))]
    assert len(buckets) == 9
    assert sum(buckets) == result.num_chunks


@pytest.mark.usefixtures("robot")
def test_a_task_to_begin_with_starts_by_itself_and_can_be_cancelled(start_node: StartNode, probe: Probe) -> None:
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    start_active(start_node, probe, policy="hold", task="stay where you are")
    running = statuses.wait(lambda status: status.state == PolicyStatus.RUNNING and status.num_chunks >= 2)
    assert running.instruction == "stay where you are"
    refused = probe.send_goal(RunTask, "/zr0/run_task", goal())
    reason = probe.ask(refused.get_result_async).result.reason
    assert reason == "already running 'stay where you are'; cancel it first"
    # An empty identifier and no time: all goals.
    answer = probe.call(CancelGoal, "/zr0/run_task/_action/cancel_goal")
    assert len(answer.goals_canceling) == 1
    statuses.wait(lambda status: status.state == PolicyStatus.IDLE and status.reason == "no task", after=len(statuses))


def test_a_dropped_camera_is_named_and_stops_inference(start_node: StartNode, probe: Probe, robot: Robot) -> None:
    start_active(start_node, probe, policy="hold", rate=10.0)
    chunks = probe.subscribe(ActionChunk, "/zr0/action_chunk", STATUS_QOS)
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    handle = probe.send_goal(RunTask, "/zr0/run_task", goal())
    chunk = chunks.wait()
    np.testing.assert_allclose(np.reshape(chunk.actions, (16, 8)), np.tile(STATE, (16, 1)))

    num_before = len(statuses)
    robot.dropped.add("wrist")
    waiting = statuses.wait(lambda status: status.state == PolicyStatus.WAITING_FOR_INPUT, after=num_before)
    assert waiting.reason.startswith("wrist (/camera/wrist/image_raw) is 0.")
    assert waiting.reason.endswith("limit 0.150 s")
    assert dict(zip(waiting.input_names, waiting.input_ages, strict=True))["wrist"] > 0.15
    time.sleep(0.3)
    num_chunks = len(chunks)
    time.sleep(0.5)
    assert len(chunks) == num_chunks

    robot.dropped.clear()
    statuses.wait(lambda status: status.state == PolicyStatus.RUNNING, after=len(statuses))
    chunks.wait(after=num_chunks)
    probe.ask(handle.cancel_goal_async)
    result = probe.ask(handle.get_result_async).result
    assert (result.outcome, result.reason) == (RunTask.Result.CANCELLED, "cancelled by the client")


def test_a_joint_state_without_a_joint_is_reported(start_node: StartNode, probe: Probe, robot: Robot) -> None:
    robot.joint_names = robot.joint_names[:-1]
    start_active(start_node, probe, policy="hold")
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    probe.send_goal(RunTask, "/zr0/run_task", goal())
    statuses.wait(
        lambda status: (
            status.state == PolicyStatus.WAITING_FOR_INPUT
            and "state (/joint_states) has no usable sample" in status.reason
            and "joint state lacks drive_joint" in status.reason
        )
    )


@pytest.mark.usefixtures("robot")
def test_goals_that_cannot_run_are_refused_with_a_reason(start_node: StartNode, probe: Probe) -> None:
    start_node("zr0_policy", "policy_node", parameters={"policy": "hold"})
    assert probe.configure("/policy")

    def run(request: RunTask.Goal) -> RunTask.Result:
        handle = probe.send_goal(RunTask, "/zr0/run_task", request)
        return probe.ask(handle.get_result_async).result

    result = run(goal(1.0))
    assert (result.outcome, result.reason) == (
        RunTask.Result.REFUSED,
        "the policy node is not active; activate it first",
    )
    assert probe.activate("/policy")
    assert "the instruction is empty" in run(goal(1.0, "  ")).reason
    assert "max_duration is -1.0 s" in run(goal(-1.0)).reason
    first = probe.send_goal(RunTask, "/zr0/run_task", goal())
    second = run(goal(1.0, "something else"))
    assert second.outcome == RunTask.Result.REFUSED
    assert second.reason == "already running 'stay where you are'; cancel it first"
    assert probe.deactivate("/policy")
    ended = probe.ask(first.get_result_async).result
    assert (ended.outcome, ended.reason) == (RunTask.Result.CANCELLED, "the policy node was deactivated")
    assert probe.cleanup("/policy")
    assert run(goal(1.0)).reason == "the policy node is not active; activate it first"
    assert probe.configure("/policy")
    assert probe.activate("/policy")
    assert run(goal(0.3)).outcome == RunTask.Result.TIME_UP


@pytest.mark.usefixtures("robot")
def test_of_goals_that_come_at_once_one_runs(start_node: StartNode, probe: Probe) -> None:
    start_active(start_node, probe, policy="hold")
    client = ActionClient(probe.node, RunTask, "/zr0/run_task")
    probe.wait(client.server_is_ready, what="the action")
    answers = [probe.send(lambda: client.send_goal_async(goal())) for _ in range(4)]
    results = [probe.send(probe.result(answer).get_result_async) for answer in answers]
    probe.wait(lambda: sum(result.done() for result in results) == 3, what="three goals to end")
    refusals = [result.result().result for result in results if result.done()]
    assert {(refused.outcome, refused.reason) for refused in refusals} == {
        (RunTask.Result.REFUSED, "already running 'stay where you are'; cancel it first")
    }
    (running,) = [answer.result() for answer, result in zip(answers, results, strict=True) if not result.done()]
    probe.ask(running.cancel_goal_async)
    probe.wait(lambda: all(result.done() for result in results), what="the last goal to end")
    client.destroy()


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"policy": "holt"}, "no policy named 'holt'.*did you mean 'hold'"),
        ({"policy": "hold", "embodiment": "xarm8"}, "no embodiment named 'xarm8'"),
        ({"policy": "zr0", "embodiment": "xarm6_gripper"}, "is not for embodiment xarm6_gripper: name: got"),
        ({"policy": "hold", "privileged_topic": "/no topic"}, "a topic cannot be subscribed to: .*/no topic"),
        ({"policy": "hold", "chunking": "lates"}, "no chunking strategy named 'lates'.*did you mean 'latest'"),
        ({"policy": "hold", "chunking": "rtc"}, "chunking 'rtc' needs a policy that can continue a chunk, .*'hold'"),
        ({"policy": "hold", "chunking": "sync", "sync_rows": 17}, "sync_rows is 17, expected 1 to 16"),
    ],
)
def test_configure_refuses_with_a_reason(
    start_node: StartNode, probe: Probe, parameters: dict[str, str | float], reason: str
) -> None:
    process = start_node("zr0_policy", "policy_node", parameters=parameters)
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    assert not probe.configure("/policy")
    process.wait_for_log(f"configure refused: .*{reason}")
    failed = statuses.wait(lambda status: status.state == PolicyStatus.FAILED)
    assert failed.reason
    assert probe.lifecycle_state("/policy") == "unconfigured"


@pytest.mark.parametrize(
    ("name", "value"), [("rate", 0.0), ("ensemble_decay", 1.5), ("rtc_min_rows", 0), ("delay_window", 0)]
)
def test_a_parameter_out_of_range_is_refused_by_name(start_node: StartNode, name: str, value: float) -> None:
    process = start_node("zr0_policy", "policy_node", parameters={name: value})
    assert process.wait_exit() == 2
    assert name in process.log_tail()


def test_every_parameter_has_a_description(start_node: StartNode, probe: Probe) -> None:
    start_node("zr0_policy", "policy_node", parameters={"policy": "hold"})
    names = ["policy", "checkpoint", "embodiment", "device", "rate", "seed", "privileged_topic", "torch_threads"]
    names += ["chunking", "sync_rows", "ensemble_decay", "rtc_min_rows", "delay_window"]
    request = DescribeParameters.Request(names=names)
    descriptors = probe.call(DescribeParameters, "/policy/describe_parameters", request).descriptors
    assert all(descriptor.description for descriptor in descriptors)
    assert [descriptor.name for descriptor in descriptors] == names
    assert descriptors[names.index("chunking")].additional_constraints == "one of: sync, latest, ensemble, rtc"


def test_status_is_steady_and_its_loss_is_noticed(start_node: StartNode, probe: Probe) -> None:
    """Killed, the process falls silent: subscribers that ask for the lease learn it from the middleware."""
    process = start_node("zr0_policy", "policy_node", parameters={"policy": "hold"})
    qos = QoSProfile(
        depth=50,
        reliability=ReliabilityPolicy.RELIABLE,
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(nanoseconds=50_000_000),
    )
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", qos)
    statuses.wait_count(100)
    stamps = np.array([to_nanoseconds(status.header.stamp) for status in statuses.messages[20:]]) * 1e-9
    assert np.median(np.diff(stamps)) == pytest.approx(0.01, abs=0.002)
    process.kill()
    time.sleep(0.3)
    num_received = len(statuses)
    time.sleep(0.3)
    assert len(statuses) == num_received


@pytest.mark.usefixtures("robot")
def test_hold_runs_without_torch_and_ends_cleanly_during_a_task(start_node: StartNode, probe: Probe) -> None:
    process = start_active(start_node, probe, policy="hold")
    chunks = probe.subscribe(ActionChunk, "/zr0/action_chunk", STATUS_QOS)
    statuses = probe.subscribe(PolicyStatus, "/zr0/policy_status", STATUS_QOS)
    answer = probe.send(probe.send_goal(RunTask, "/zr0/run_task", goal()).get_result_async)
    chunks.wait()
    assert "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8")
    process.interrupt()
    result = probe.result(answer).result
    assert (result.outcome, result.reason) == (RunTask.Result.CANCELLED, "the policy node is ending")
    assert process.wait_exit() == 0
    assert statuses.latest.state == PolicyStatus.IDLE
