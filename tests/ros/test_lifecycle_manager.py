"""The lifecycle manager as a real process, over lifecycle nodes of the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_srvs.srv import Trigger
from zr0_test_support.inbox import Inbox
from zr0_test_support.probe import Probe
from zr0_test_support.process import StartNode
from zr0_test_support.workers import Workers

pytestmark = pytest.mark.ros

StartWorkers = Callable[..., Workers]
PARAMETERS = {"node_names": ["first", "second"], "retry_duration": 5.0}


@pytest.fixture
def start_workers(ros_env: dict[str, str], tmp_path: Path) -> Iterator[StartWorkers]:
    """Start workers: `start_workers(first=2, second=0)`, with how often each refuses to configure."""
    with ExitStack() as stack:
        yield lambda **num_refusals: stack.enter_context(Workers(ros_env, tmp_path / "workers.log", **num_refusals))


def all_words(inbox: "Inbox[DiagnosticArray]") -> list[str]:
    """What the manager has said about itself, oldest first."""
    statuses = [status for message in inbox.messages for status in message.status]
    return [str(status.message) for status in statuses if "bring-up" in status.name]


def wait_for_words(probe: Probe, inbox: "Inbox[DiagnosticArray]", words: str) -> None:
    """Wait until the manager has said something."""
    try:
        probe.wait(lambda: any(words == text for text in all_words(inbox)), what=words)
    except AssertionError as error:
        raise AssertionError(f"{error}; it said {list(dict.fromkeys(all_words(inbox)))}") from error


def test_nodes_come_up_in_order_and_go_down_in_reverse(
    probe: Probe, start_node: StartNode, start_workers: StartWorkers
) -> None:
    workers = start_workers(second=0, first=0)
    diagnostics = probe.subscribe(DiagnosticArray, "/diagnostics")
    manager = start_node("zr0_bringup", "lifecycle_manager_node", parameters=PARAMETERS)
    wait_for_words(probe, diagnostics, "active")
    up = ["configure first", "configure second", "activate first", "activate second"]
    assert workers.record == up
    assert diagnostics.messages[-1].status[0].level == DiagnosticStatus.OK
    manager.stop()
    assert workers.record == [*up, "deactivate second", "deactivate first"]


def test_a_node_that_refuses_is_tried_again_and_the_reason_told(
    probe: Probe, start_node: StartNode, start_workers: StartWorkers
) -> None:
    start_workers(first=2, second=0)
    diagnostics = probe.subscribe(DiagnosticArray, "/diagnostics")
    start_node("zr0_bringup", "lifecycle_manager_node", parameters=PARAMETERS)
    words = "configuring: first does not configure: the box is off; trying again"
    wait_for_words(probe, diagnostics, words)
    wait_for_words(probe, diagnostics, "active")


def test_a_node_that_never_configures_ends_the_manager_with_the_reason(
    start_node: StartNode, start_workers: StartWorkers
) -> None:
    workers = start_workers(first=0, second=1000)
    parameters = {**PARAMETERS, "retry_duration": 0.5}
    manager = start_node("zr0_bringup", "lifecycle_manager_node", parameters=parameters)
    assert manager.wait_exit() == 1
    assert "second does not configure: the box is off" in manager.log()
    assert workers.record == ["configure first"]


def test_a_node_that_leaves_active_is_told(probe: Probe, start_node: StartNode, start_workers: StartWorkers) -> None:
    start_workers(first=0, second=0)
    diagnostics = probe.subscribe(DiagnosticArray, "/diagnostics")
    start_node("zr0_bringup", "lifecycle_manager_node", parameters=PARAMETERS)
    wait_for_words(probe, diagnostics, "active")
    assert probe.deactivate("/second")
    wait_for_words(probe, diagnostics, "failed: second is inactive")
    diagnostics.clear()
    assert probe.activate("/second")
    wait_for_words(probe, diagnostics, "active")


def test_it_waits_for_a_node_that_is_not_there_and_can_be_stopped(probe: Probe, start_node: StartNode) -> None:
    diagnostics = probe.subscribe(DiagnosticArray, "/diagnostics")
    manager = start_node("zr0_bringup", "lifecycle_manager_node", parameters=PARAMETERS)
    words = "waiting: for node first to appear"
    wait_for_words(probe, diagnostics, words)
    manager.stop()


def test_it_waits_for_services(probe: Probe, start_node: StartNode, start_workers: StartWorkers) -> None:
    start_workers(first=0, second=0)
    diagnostics = probe.subscribe(DiagnosticArray, "/diagnostics")
    parameters = {**PARAMETERS, "wait_for_services": ["/box/listens"]}
    start_node("zr0_bringup", "lifecycle_manager_node", parameters=parameters)
    words = "waiting: for service /box/listens"
    wait_for_words(probe, diagnostics, words)
    probe.node.create_service(Trigger, "/box/listens", lambda _, response: response)
    wait_for_words(probe, diagnostics, "active")


@pytest.mark.parametrize(("name", "value"), [("retry_duration", -1.0), ("transition_timeout", 1e9)])
def test_a_bad_parameter_is_refused_with_its_name(start_node: StartNode, name: str, value: float) -> None:
    manager = start_node("zr0_bringup", "lifecycle_manager_node", parameters={name: value})
    assert manager.wait_exit() != 0
    assert name in manager.log()
