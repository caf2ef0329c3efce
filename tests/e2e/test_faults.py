"""Whatever breaks while the arm moves, the arm is held, with a reason, and comes back without a jump.

Within 100 ms from the event to standstill; the log has what was measured.

The simulator itself is the witness: it reports when a joint of the simulated arm last turned faster than 0.05 rad/s.
"""

import copy
import logging
import re
import time
from collections.abc import Callable, Iterator

import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.stamps import to_nanoseconds
from zr0_msgs.msg import ActionChunk, ControllerStatus
from zr0_test_support.address import lock_address
from zr0_test_support.host import RosHost
from zr0_test_support.stack import SimStack

LOG = logging.getLogger(__name__)
"""Run with `-o log_cli=true -o log_cli_level=INFO` to see the measured times."""
pytestmark = [pytest.mark.ros, pytest.mark.e2e]

HELD_WITHIN = 0.1
"""s."""

STOPPED = (ControllerStatus.HOLDING, ControllerStatus.STOPPING, ControllerStatus.FAULT, ControllerStatus.DISCONNECTED)
LIMITS = Embodiment.load("xarm7_gripper").arm.hardware_limits


@pytest.fixture(scope="module")
def stack(ros_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimStack]:
    """One bring-up for all faults that the arm recovers from."""
    lock = lock_address()
    with (
        RosHost(int(ros_env["ROS_DOMAIN_ID"])) as host,
        SimStack(host, lock.address, tmp_path_factory.mktemp("stack")) as running,
    ):
        yield running
    lock.release()


def assert_within_limits(stack: SimStack) -> None:
    """Check what the control box saw of the command stream against the arm's own limits."""
    seen = stack.sim.latest
    assert 0.0 < seen.max_command_velocity <= LIMITS.velocity
    assert 0.0 < seen.max_command_acceleration <= LIMITS.acceleration * 1.001
    assert 0.0 < seen.max_command_jerk <= LIMITS.jerk * 1.001


@pytest.mark.parametrize(
    ("fault", "target", "words"),
    [
        ("emergency_stop", "", "emergency stop"),
        ("collision", "", "collision"),
        ("over_speed", "", "speed"),
        ("joint_limit", "1", "limit"),
        ("link_drop", "", "link|connection"),
        ("stalled_replies", "", "answered no command"),
        ("lost_reports", "", "report"),
    ],
)
def test_fault_of_the_box_holds_the_arm_until_recovered(stack: SimStack, fault: str, target: str, words: str) -> None:
    stack.begin_moving()
    event = stack.inject(fault, target)
    took = stack.standstill_after(event)
    status = stack.wait_fault()
    LOG.info("%s: the arm stood after %.0f ms: %s", fault, took * 1e3, status.reason_text)
    stack.end()
    assert stack.trigger("recover").success is False or fault in ("over_speed", "joint_limit", "collision")
    stack.inject("clear")
    answer = stack.trigger("recover")
    assert answer.success, answer.message
    recovered = time.time_ns()
    assert stack.standstill_after(recovered) == 0.0
    assert stack.controller.latest.state == ControllerStatus.HOLDING
    assert re.search(words, status.reason_text.lower())
    assert_within_limits(stack)
    assert took <= HELD_WITHIN


def spoil_nan(chunk: ActionChunk) -> None:
    chunk.actions[3] = float("nan")


def spoil_embodiment(chunk: ActionChunk) -> None:
    chunk.embodiment, chunk.embodiment_hash = "xarm6_gripper", Embodiment.load("xarm6_gripper").content_hash


def spoil_age(chunk: ActionChunk) -> None:
    chunk.observation_stamp.sec -= 5


def spoil_step(chunk: ActionChunk) -> None:
    width = len(chunk.names)
    for row in range(4, chunk.horizon):
        chunk.actions[row * width] += 1.0


@pytest.mark.parametrize(
    ("spoil", "reason", "words"),
    [
        (spoil_nan, ControllerStatus.REASON_CHUNK_REFUSED, "finite|nan"),
        (spoil_embodiment, ControllerStatus.REASON_CHUNK_REFUSED, "xarm6_gripper"),
        (spoil_age, ControllerStatus.REASON_CHUNK_STALE, "old|stale"),
        (spoil_step, ControllerStatus.REASON_CHUNK_REFUSED, "joint1"),
    ],
)
def test_bad_chunk_is_refused_and_ends_the_motion(
    stack: SimStack, spoil: Callable[[ActionChunk], None], reason: int, words: str
) -> None:
    chunks = stack.probe.subscribe(ActionChunk, "/zr0/action_chunk")
    publisher = stack.probe.publisher(ActionChunk, "/zr0/action_chunk", 1)
    stack.begin_moving()
    before = stack.controller.latest.num_chunks_refused
    bad = copy.deepcopy(chunks.wait(lambda _: True, after=len(chunks)))
    bad.sequence += 1
    spoil(bad)
    event = time.time_ns()
    publisher.publish(bad)
    status = stack.controller.wait(
        lambda message: message.num_chunks_refused > before and message.state in STOPPED, 2.0
    )
    stack.end()
    assert status.reason == reason
    assert re.search(words, status.last_refusal.lower())
    assert_within_limits(stack)
    assert (to_nanoseconds(status.header.stamp) - event) / 1e9 <= HELD_WITHIN
