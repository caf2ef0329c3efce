"""Replies of services wait for clients that are only half discovered."""

import threading
import time
from collections.abc import Iterator

import pytest
from rclpy.node import Node
from std_srvs.srv import Trigger
from zr0_core.ros import replies
from zr0_core.ros.replies import (
    LONGEST_S,
    PARTICIPANT_BYTES,
    deaf_participants,
    discovered_endpoints,
    hold_replies,
)
from zr0_test_support.host import RosHost
from zr0_test_support.probe import Probe

SERVICE = "/held/answer"


def endpoint(participant: int, entity: int) -> bytes:
    return bytes([participant]) * PARTICIPANT_BYTES + bytes([0, 0, entity, 4])


@pytest.mark.parametrize(
    ("requests", "hearers", "deaf"),
    [
        ([], [], set()),
        ([endpoint(1, 1)], [endpoint(1, 2)], set()),
        ([endpoint(1, 1)], [], {1}),
        ([endpoint(1, 1)], [endpoint(2, 2)], {1}),
        ([endpoint(1, 1), endpoint(1, 3)], [endpoint(1, 2)], {1}),
        ([endpoint(1, 1), endpoint(2, 1)], [endpoint(2, 2), endpoint(1, 2)], set()),
        ([], [endpoint(1, 2)], set()),
    ],
)
def test_deaf_are_processes_with_more_writers_than_readers(
    requests: list[bytes], hearers: list[bytes], deaf: set[int]
) -> None:
    assert deaf_participants(requests, hearers) == {bytes([number]) * PARTICIPANT_BYTES for number in deaf}


@pytest.fixture
def server(ros_env: dict[str, str]) -> Iterator[Node]:
    """A node with a service, in a participant of its own."""

    def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        return response

    with RosHost(int(ros_env["ROS_DOMAIN_ID"])) as host:
        node = Node("held", context=host.context)
        node.create_service(Trigger, SERVICE, answer)
        hold_replies(node)
        host.add(node)
        yield node


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Takes the clients' readers out of what is discovered until set: how long discovery takes cannot be told to it."""
    is_discovered = threading.Event()

    def half(node: Node, service: str) -> tuple[list[bytes], list[bytes]]:
        requests, hearers = discovered_endpoints(node, service)
        return requests, hearers if is_discovered.is_set() else []

    monkeypatch.setattr(replies, "discovered_endpoints", half)
    return is_discovered


def test_both_sides_of_a_client_are_found_under_their_names_on_the_wire(probe: Probe, server: Node) -> None:
    client = probe.node.create_client(Trigger, SERVICE)
    probe.wait(lambda: len(discovered_endpoints(server, SERVICE)[0]) == 1, what="the client's writer")
    probe.wait(lambda: len(discovered_endpoints(server, SERVICE)[1]) == 1, what="the client's reader")
    requests, hearers = discovered_endpoints(server, SERVICE)
    assert requests[0][:PARTICIPANT_BYTES] == hearers[0][:PARTICIPANT_BYTES]
    probe.node.destroy_client(client)


@pytest.mark.usefixtures("server")
def test_a_client_that_hears_is_answered_at_once(probe: Probe) -> None:
    assert probe.call(Trigger, SERVICE, timeout=LONGEST_S / 2).success


@pytest.mark.usefixtures("server")
def test_a_reply_is_held_until_its_client_hears(probe: Probe, unheard: threading.Event) -> None:
    client = probe.node.create_client(Trigger, SERVICE)
    probe.wait(client.service_is_ready, what=SERVICE)
    future = client.call_async(Trigger.Request())
    time.sleep(0.5)
    assert not future.done()
    unheard.set()
    assert probe.result(future, timeout=LONGEST_S / 2).success


@pytest.mark.usefixtures("server", "unheard")
def test_a_client_that_never_hears_holds_up_nobody_for_ever(probe: Probe) -> None:
    began = time.monotonic()
    assert probe.call(Trigger, SERVICE).success
    assert time.monotonic() - began >= LONGEST_S
