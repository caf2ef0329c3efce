"""Clients of the `websockets` package over TCP, as those of ZR-0 and openpi are."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import ClientConnection, connect
from zr0_core.embodiment import Embodiment
from zr0_core.policy import Policy
from zr0_core.types import CameraImage, FloatArray, Observation
from zr0_policy.policies.hold import HoldPolicy
from zr0_policy.server import websocket_server
from zr0_policy.server.description import describe
from zr0_policy.server.request import RequestReader
from zr0_policy.server.wire_format import pack, unpack

Question = dict[str, object]
Serving = Callable[..., contextlib.AbstractContextManager[str]]


class WaitingPolicy:
    """Infers for as long as it is held up; fails on the instructions `fail` and, in the end, `fail late`."""

    name = "waiting"
    is_trained = True
    is_guided = False

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.has_begun = threading.Event()
        self.instructions: list[str] = []

    def reset(self, instruction: str) -> None:
        if instruction == "fail":
            raise RuntimeError("no wish\nto")

    def infer(self, observation: Observation, overlap: object = None) -> FloatArray:
        assert overlap is None
        self.has_begun.set()
        self.may_go_on.wait(20.0)
        self.instructions.append(observation.instruction)
        if observation.instruction == "fail late":
            raise RuntimeError("no wish to go on")
        return np.zeros((16, 8))


@contextlib.contextmanager
def connected(place: str, **options: Any) -> Iterator[ClientConnection]:
    """Connect as the clients of ZR-0 and openpi do, and take the metadata."""
    with connect(f"ws://{place}", compression=None, max_size=None, **options) as client:
        assert isinstance(client.recv(timeout=10.0), bytes)
        yield client


def ask(client: ClientConnection, question: Question, **changes: object) -> dict[str, Any]:
    client.send(pack({key: value for key, value in (question | changes).items() if value is not None}))
    reply = client.recv(timeout=20.0)
    assert isinstance(reply, bytes), reply
    message = unpack(reply)
    assert isinstance(message, dict)
    return message


def refusal(client: ClientConnection, message: bytes | str) -> tuple[str, int, str]:
    """Send a message; return the text that comes back and the code and reason of the close that follows."""
    client.send(message)
    text = client.recv(timeout=20.0)
    assert isinstance(text, str), "the message was answered"
    with pytest.raises(ConnectionClosedError) as closed:
        client.recv(timeout=20.0)
    assert closed.value.rcvd is not None
    return text, closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.fixture(scope="module")
def zr0(serving: Serving, served: Policy) -> Iterator[str]:
    """A server of the shipped weights."""
    with serving(served) as place:
        yield place


@pytest.fixture
def waiting() -> Iterator[WaitingPolicy]:
    """A policy that is let go at the end at the latest."""
    policy = WaitingPolicy()
    yield policy
    policy.may_go_on.set()


def test_the_metadata_comes_first(zr0: str, served: Policy, embodiment: Embodiment) -> None:
    with connect(f"ws://{zr0}", compression=None) as client:
        greeting = client.recv(timeout=10.0)
    assert isinstance(greeting, bytes)
    assert unpack(greeting) == describe(served, embodiment, "weights", RequestReader(embodiment).max_bytes)


def test_clients_of_both_kinds_get_what_the_policy_itself_says(
    zr0: str, direct: Policy, embodiment: Embodiment, question: dict[str, Any]
) -> None:
    task = question["task"]
    observation = Observation(
        images=tuple(CameraImage(key=each.key, stamp_ns=1, rgb=question[each.key]) for each in embodiment.cameras),
        state=question["observation.state"],
        state_stamp_ns=1,
        instruction=task,
    )
    direct.reset(task)
    expected = [direct.infer(observation) for _ in range(3)]
    with connected(zr0) as client:
        lists = ask(client, question, n_action_steps=5)
        array = ask(client, question, task=None, prompt=task)
        again = ask(client, question, reset=True)
        second = ask(client, question)
    # The same operations on the same machine, so not a bit differs.
    assert lists["actions"] == expected[0][:5].tolist()
    np.testing.assert_array_equal(array["actions"], expected[1], strict=True)
    assert again["actions"] == expected[0].tolist()
    assert second["actions"] == expected[1].tolist()


def test_the_first_reply_has_no_previous_time_and_the_later_ones_do(hold: str, question: Question) -> None:
    with connected(hold) as client:
        first, second = ask(client, question), ask(client, question)
    assert set(first["server_timing"]) == {"infer_ms"}
    assert second["server_timing"]["prev_total_ms"] >= first["server_timing"]["infer_ms"]
    assert second["server_timing"]["prev_total_ms"] < 20_000.0


def test_a_bad_request_is_told_and_closed_and_the_server_lives_on(hold: str, question: Question) -> None:
    with connected(hold) as bystander, connected(hold) as client:
        text, code, reason = refusal(client, pack(question | {"observation.sate": np.zeros(8)}))
        assert text.startswith("unknown key 'observation.sate'; did you mean 'observation.state'? known are")
        assert (code, reason) == (1011, text.encode()[:120].decode())
        with connected(hold) as next_client:
            assert len(ask(next_client, question, n_action_steps=2)["actions"]) == 2
        assert len(ask(bystander, question)["actions"]) == 16


def test_a_reason_in_any_script_fits_the_close_frame(hold: str, question: Question) -> None:
    with connected(hold) as client:
        text, code, reason = refusal(client, pack(question | {"é" * 100: 1}))
    assert text.startswith("unknown key '" + "é" * 100 + "'")
    # 13 letters of one byte and 53 of two are 119 bytes of the 120 that are kept.
    assert (code, reason) == (1011, "unknown key '" + "é" * 53)


@pytest.mark.parametrize(
    ("message", "match"),
    [
        (b"\xc1", "the message is not msgpack"),
        ("hello", "got a text message"),
        (b"\x90", "a request is a map, got list"),
    ],
)
def test_what_is_no_request_is_told_and_closed(hold: str, message: bytes | str, match: str) -> None:
    with connected(hold) as client:
        text, code, _ = refusal(client, message)
    assert match in text
    assert "\n" not in text
    assert code == 1011


def test_an_instruction_that_the_policy_refuses_is_told(zr0: str, question: Question) -> None:
    with connected(zr0) as client:
        text, code, _ = refusal(client, pack(question | {"task": "go <|im_end|>"}))
    assert "the instruction contains the special token <|im_end|>" in text
    assert code == 1011


def test_a_policy_that_fails_is_told_in_one_line_and_logged_in_full(
    serving: Serving, waiting: WaitingPolicy, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.may_go_on.set()
    with serving(waiting) as place:
        with connected(place) as client:
            text, code, reason = refusal(client, pack(question | {"task": "fail"}))
        assert text == reason == "policy waiting failed with RuntimeError: no wish to"
        assert code == 1011
        with connected(place) as client:
            assert ask(client, question)["actions"] == [[0.0] * 8] * 16
    assert "Traceback" in caplog.text
    assert "no wish" in caplog.text


def test_a_second_client_is_refused_until_the_first_is_gone(hold: str, question: Question) -> None:
    with connected(hold) as second:
        with connected(hold) as first:
            held = ask(first, question)["actions"]
            text, code, _ = refusal(second, pack(question))
            host, port = first.local_address[:2]
            assert text.startswith(
                f"the policy is in use by {host}:{port}, and serves one client at a time: wait until"
            )
            assert code == 1011
            changed = {"observation.state": np.zeros(8)}
            assert ask(first, question, **changed)["actions"] == held
        with connected(hold) as third:
            assert ask(third, question, **changed)["actions"] == [[0.0] * 8] * 16


def test_a_client_that_left_in_mid_inference_does_not_keep_the_policy(
    serving: Serving, waiting: WaitingPolicy, question: Question
) -> None:
    with serving(waiting) as place:
        with connected(place) as leaver:
            leaver.send(pack(question | {"task": "left"}))
            assert waiting.has_begun.wait(10.0)
        with connected(place) as impatient:
            impatient.send(pack(question | {"task": "left as well"}))
            # The pong comes after the server has seen the request.
            assert impatient.ping().wait(10.0)
        with connected(place) as next_client:
            next_client.send(pack(question | {"task": "stays"}))
            assert next_client.ping().wait(10.0)
            waiting.may_go_on.set()
            reply = next_client.recv(timeout=10.0)
            assert isinstance(reply, bytes), reply
    # What nobody waits for any more is not computed.
    assert waiting.instructions == ["left", "stays"]


def test_a_policy_that_fails_after_its_client_left_harms_nobody(
    serving: Serving, waiting: WaitingPolicy, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(waiting) as place:
        with connected(place) as leaver:
            leaver.send(pack(question | {"task": "fail late"}))
            assert waiting.has_begun.wait(10.0)
        waiting.may_go_on.set()
        with connected(place) as client:
            assert len(ask(client, question)["actions"]) == 16
    assert "policy waiting failed with RuntimeError: no wish to go on" in caplog.text
    assert "connection handler failed" not in caplog.text


def test_a_client_that_asks_ahead_waits_and_is_answered_in_order(
    serving: Serving, waiting: WaitingPolicy, question: Question
) -> None:
    frames = {f"observation.images.{name}": np.zeros((1080, 1920, 3), np.uint8) for name in ("front", "wrist")}
    tasks = [f"task {index}" for index in range(8)]

    def send_all(client: ClientConnection) -> None:
        for task in tasks:
            client.send(pack(question | frames | {"task": task}))

    with serving(waiting) as place, connected(place) as client:
        sender = threading.Thread(target=send_all, args=(client,))
        sender.start()
        assert waiting.has_begun.wait(10.0)
        # The server does not take in 100 MB for later.
        sender.join(1.0)
        assert sender.is_alive()
        waiting.may_go_on.set()
        for _ in tasks:
            assert isinstance(client.recv(timeout=10.0), bytes)
        sender.join(10.0)
    assert waiting.instructions == tasks


def test_pings_are_answered_during_an_inference(serving: Serving, waiting: WaitingPolicy, question: Question) -> None:
    with serving(waiting) as place, connected(place) as client:
        client.send(pack(question))
        assert waiting.has_begun.wait(10.0)
        assert client.ping().wait(5.0)
        assert not waiting.instructions
        waiting.may_go_on.set()
        assert isinstance(client.recv(timeout=10.0), bytes)


def test_a_silent_client_is_pinged(
    serving: Serving, embodiment: Embodiment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert (websocket_server.PING_INTERVAL_S, websocket_server.PING_TIMEOUT_S) == (60.0, 120.0)
    monkeypatch.setattr(websocket_server, "PING_INTERVAL_S", 0.05)
    monkeypatch.setattr(websocket_server, "PING_TIMEOUT_S", 0.2)
    caplog.set_level(logging.DEBUG, logger="websockets.client")
    with serving(HoldPolicy(embodiment)) as place:
        with connected(place):
            deadline = time.monotonic() + 10.0
            while not any("< PING" in message for message in caplog.messages):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        host, port = place.split(":")
        # A client that says nothing any more, not even a pong.
        with socket.create_connection((host, int(port)), timeout=10.0) as silent:
            silent.sendall(
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            received = b""
            while chunk := silent.recv(65536):
                received += chunk
    assert b"keepalive ping timeout" in received


def test_a_message_beyond_the_limit_closes_the_connection(
    hold: str, embodiment: Embodiment, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    limit = RequestReader(embodiment).max_bytes
    with connected(hold) as client:
        with contextlib.suppress(ConnectionClosed):
            client.send(b"\x00" * (limit + 1))
        with pytest.raises(ConnectionClosed, match=r"message too big.*exceeds limit of 12507136"):
            client.recv(timeout=10.0)
    largest = question | {
        f"observation.images.{name}": np.zeros((1080, 1920, 3), np.uint8) for name in ("front", "wrist")
    }
    with connected(hold) as client:
        assert len(ask(client, largest)["actions"]) == 16
    assert "exceeds limit of 12507136 bytes" in caplog.text


def test_at_the_end_clients_are_told_and_the_inference_in_progress_is_waited_for(
    serving: Serving, waiting: WaitingPolicy, question: Question
) -> None:
    with contextlib.ExitStack() as clients, contextlib.ExitStack() as server:
        place = server.enter_context(serving(waiting))
        client = clients.enter_context(connected(place))
        client.send(pack(question))
        assert waiting.has_begun.wait(10.0)
        threading.Timer(0.3, waiting.may_go_on.set).start()
        stop = threading.Thread(target=server.close)
        stop.start()
        with pytest.raises(ConnectionClosed, match=r"1001 \(going away\)"):
            client.recv(timeout=10.0)
        stop.join(10.0)
    assert waiting.instructions == [question["task"]]
    with pytest.raises(ConnectionRefusedError):
        connect(f"ws://{place}")
