"""Send replies of services only when their client can hear them.

A client's four endpoints are discovered one by one. A server can know a client's requests before it knows where the
replies go; Fast DDS then waits 100 ms, with the Python interpreter held, gives the reply up and leaves the client
waiting for ever (ros2/rmw_fastrtps issue 842). Seen about once in a hundred starts of a node on a busy machine.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.service import Service

POLL_S = 0.01
LONGEST_S = 5.0
"""How long a reply waits for its client to be discovered, seconds; discovery repeats what was lost each second."""
PARTICIPANT_BYTES = 12
"""Length of the part of an endpoint's identifier that is the same for all endpoints of a process (RTPS 2.5, 9.3.1)."""


def hold_replies(node: Node) -> None:
    """Make every service that a node has by now, those of its life cycle too, hold replies until they can be heard."""
    for service in node.services:
        # Both kinds of executor send by this method, and offer no hook before it.
        service.send_response = partial(_send, node, service, service.send_response)


def when_heard(node: Node, service: str, act: Callable[[], None]) -> None:
    """Do something as soon as every client that can ask a service can also hear its replies.

    At once, if that is so now; otherwise from a thread of its own, after 5 s at the latest.

    Args:
        node: The node that offers the service.
        service: The service's full name.
        act: What to do, as to send the reply.
    """
    if _is_heard(node, service):
        act()
    else:
        threading.Thread(target=_wait, args=(node, service, act), name="late reply", daemon=True).start()


def discovered_endpoints(node: Node, service: str) -> tuple[list[bytes], list[bytes]]:
    """Return the identifiers of a service's discovered writers of requests, and of its discovered readers of replies.

    Both are empty where the middleware names a service's topics otherwise than DDS does.
    """
    requests = node.get_publishers_info_by_topic(f"rq{service}Request", no_mangle=True)
    replies = node.get_subscriptions_info_by_topic(f"rr{service}Reply", no_mangle=True)
    return [bytes(info.endpoint_gid) for info in requests], [bytes(info.endpoint_gid) for info in replies]


def deaf_participants(requests: Iterable[bytes], replies: Iterable[bytes]) -> set[bytes]:
    """Find the processes whose clients of a service can ask but not yet hear.

    Args:
        requests: Identifiers of the discovered writers of requests.
        replies: Identifiers of the discovered readers of replies.

    Returns:
        Identifiers of the processes that have more of the former than of the latter.
    """
    num_askers = Counter(identifier[:PARTICIPANT_BYTES] for identifier in requests)
    num_hearers = Counter(identifier[:PARTICIPANT_BYTES] for identifier in replies)
    return {participant for participant, number in num_askers.items() if num_hearers[participant] < number}


def _is_heard(node: Node, service: str) -> bool:
    return not deaf_participants(*discovered_endpoints(node, service))


def _wait(node: Node, service: str, act: Callable[[], None]) -> None:
    deadline = time.monotonic() + LONGEST_S
    try:
        while node.context.ok() and not _is_heard(node, service):
            if time.monotonic() > deadline:
                node.get_logger().warning(f"a client of {service} was not discovered whole within {LONGEST_S:.0f} s")
                break
            time.sleep(POLL_S)
        if node.context.ok():
            act()
    except InvalidHandle:
        # The node was destroyed: nobody is left to reply.
        return


def _send(node: Node, service: Service, send: Callable[[Any, Any], None], response: Any, header: Any) -> None:
    when_heard(node, service.service_name, partial(send, response, header))
