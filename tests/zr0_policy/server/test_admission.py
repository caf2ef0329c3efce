"""Who gets in: health, keys, web pages, too many clients."""

import contextlib
import http.client
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_policy.policies.hold import HoldPolicy
from zr0_policy.server.websocket_server import MAX_CONNECTIONS
from zr0_policy.server.wire_format import pack

KEY = "0123456789abcdef0123456789abcdef"
Serving = Callable[..., contextlib.AbstractContextManager[str]]


def get(place: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(place, timeout=10.0)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_health_is_told_without_a_key_and_the_rest_is_not(
    serving: Serving, embodiment: Embodiment, question: dict[str, object]
) -> None:
    with serving(HoldPolicy(embodiment), key=KEY) as place:
        assert get(place, "/healthz") == (200, "OK\n")
        for headers in (None, {"Authorization": f"Api-Key {KEY}x"}, {"Authorization": KEY}):
            with pytest.raises(InvalidStatus, match="HTTP 401") as refused:
                connect(f"ws://{place}", additional_headers=headers)
            body = refused.value.response.body
            assert body == b"This server asks for its key: send Authorization: Api-Key KEY\n"
        with connect(f"ws://{place}", additional_headers={"Authorization": f"Api-Key {KEY}"}) as client:
            assert isinstance(client.recv(timeout=10.0), bytes)
            client.send(pack(question))
            assert isinstance(client.recv(timeout=10.0), bytes)


def test_a_web_page_is_refused(hold: str) -> None:
    with pytest.raises(InvalidStatus, match="HTTP 403"):
        connect(f"ws://{hold}", origin=Origin("http://127.0.0.1:3000"))


def test_more_clients_than_there_is_room_for_are_refused(hold: str) -> None:
    with contextlib.ExitStack() as clients:
        for _ in range(MAX_CONNECTIONS):
            clients.enter_context(connect(f"ws://{hold}"))
        with pytest.raises(InvalidStatus, match="HTTP 503") as refused:
            connect(f"ws://{hold}")
        assert refused.value.response.body == b"8 clients are connected, disconnect one first\n"
        assert get(hold, "/healthz") == (200, "OK\n")
    with connect(f"ws://{hold}") as client:
        assert isinstance(client.recv(timeout=10.0), bytes)


def test_messages_are_not_compressed_though_the_client_offers_it(hold: str) -> None:
    with connect(f"ws://{hold}", compression="deflate") as client:
        assert not client.protocol.extensions


def test_a_port_that_is_taken_is_refused(serving: Serving, hold: str, embodiment: Embodiment) -> None:
    port = int(hold.rpartition(":")[2])
    match = rf"cannot listen at 127\.0\.0\.1, port {port}: .*in use.*another port"
    with pytest.raises(Zr0Error, match=match), serving(HoldPolicy(embodiment), port=port):
        pass
