"""The server as a program."""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_asynchronously
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from zr0_policy.errors import CheckpointError
from zr0_policy.server.access import KEY_VARIABLE
from zr0_policy.server.arguments import add_arguments
from zr0_policy.server.main import make_server
from zr0_policy.server.wire_format import pack, unpack

KEY = "0123456789abcdef0123456789abcdef"
COMMAND = [sys.executable, "-m", "zr0_policy.server.main"]
SLEEPER = """
import time

class Sleeper:
    name = "sleeper"
    is_trained = False

    def reset(self, instruction):
        pass

    def infer(self, observation):
        time.sleep(60.0)

def make_sleeper(context):
    assert context.checkpoint == "", "another policy has no weights unless they are named"
    return Sleeper()
"""


class Program:
    """A running server: its process, and its log so far."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    def wait_for(self, pattern: str) -> str:
        """Wait for a line of the log; return what the pattern's group is."""
        deadline = time.monotonic() + 30.0
        while not (match := re.search(pattern, text := self._log.read_text())):
            assert self.process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.02)
        return match[1]

    def log(self) -> str:
        return self._log.read_text()


@contextlib.contextmanager
def started(folder: Path, *options: str, **variables: str) -> Iterator[tuple[Program, str]]:
    """Start a server on a free port; yield it with its address; kill it at the end where it still runs."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *options], env=environment(variables), stdout=output, stderr=output
        )
    program = Program(process, log)
    try:
        yield program, program.wait_for(r"serving at (ws://\S+); Ctrl-C ends")
    finally:
        process.kill()
        process.wait()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != KEY_VARIABLE} | dict(variables)


def refused(*options: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *options], env=environment(variables), capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_sums_up(
    tmp_path: Path, question: dict[str, object], number: signal.Signals
) -> None:
    with started(tmp_path, "--policy", "hold") as (program, url):
        assert url.startswith("ws://127.0.0.1:")
        with connect(url, compression=None) as client:
            greeting: Any = client.recv(timeout=10.0)
            metadata: Any = unpack(greeting)
            assert (metadata["policy"], metadata["checkpoint"]) == ("hold", "")
            for _ in range(3):
                client.send(pack(question))
                assert isinstance(client.recv(timeout=10.0), bytes)
        program.wait_for(r"(episode 1 of 127.0.0.1:\d+, 'put the red cube into the blue bin': 3 inferences)")
        program.process.send_signal(number)
        assert program.process.wait(10.0) == 0
        assert f"{number.name}: ending in order" in program.log()
        assert re.search(r"ended after 3 inferences: p50 \d+\.\d ms, p99", program.log())
        assert "Traceback" not in program.log()
        # The websockets package's own account stays out.
        assert "connection open" not in program.log()


def test_it_serves_the_shipped_weights_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    defaults = parser.parse_args([])
    assert (defaults.host, defaults.port, defaults.key_file, defaults.allow_anyone) == ("127.0.0.1", 8000, None, False)
    defaults.port = 0

    async def metadata() -> Any:
        async with make_server(defaults).running() as place, connect_asynchronously(f"ws://{place}") as client:
            greeting: Any = await client.recv()
            return unpack(greeting)

    told = asyncio.run(metadata())
    assert (told["policy"], told["checkpoint"], told["is_trained"]) == ("zr0", "zr0_tiny_xarm7", True)
    assert told["embodiment"]["name"] == "xarm7_gripper"


def test_weights_that_are_not_there_are_refused(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(CheckpointError, match=r"no checkpoint '.*nowhere'"):
        make_server(parser.parse_args(["--checkpoint", str(tmp_path / "nowhere")]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_in_mid_inference(
    tmp_path: Path, question: dict[str, object], number: signal.Signals
) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    info = tmp_path / "sleeper-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sleeper\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[zr0.policies]\nsleeper = sleeper:make_sleeper\n")
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    with (
        started(tmp_path, "--policy", "sleeper", PYTHONPATH=path) as (program, url),
        connect(url, compression=None) as client,
    ):
        client.recv(timeout=10.0)
        client.send(pack(question))
        # The pong comes after the server has begun the request.
        assert client.ping().wait(10.0)
        program.process.send_signal(number)
        program.wait_for(f"({number.name}: ending in order)")
        time.sleep(0.3)
        assert program.process.poll() is None
        program.process.send_signal(number)
        assert program.process.wait(10.0) == -number


@pytest.mark.parametrize("is_from_file", [True, False])
def test_beyond_this_machine_it_serves_with_a_key_and_warns(tmp_path: Path, is_from_file: bool) -> None:
    (tmp_path / "key").write_text(KEY)
    options = ["--key-file", str(tmp_path / "key")] if is_from_file else []
    variables = {} if is_from_file else {KEY_VARIABLE: KEY}
    with started(tmp_path, "--policy", "hold", "--host", "0.0.0.0", *options, **variables) as (program, url):
        assert url.startswith("ws://0.0.0.0:")
        here = url.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(InvalidStatus, match="HTTP 401"):
            connect(here)
        with connect(here, additional_headers={"Authorization": f"Api-Key {KEY}"}) as client:
            assert isinstance(client.recv(timeout=10.0), bytes)
        assert "WARNING zr0_policy.server" in program.log() or "WARNING __main__" in program.log()
        assert "0.0.0.0 can be reached from other machines; images, actions and the key travel" in program.log()
        assert "is refused: no or another key" in program.log()
        assert KEY not in program.log()


def test_beyond_this_machine_it_serves_anyone_only_when_told_so(tmp_path: Path) -> None:
    code, text = refused("--policy", "hold", "--host", "0.0.0.0")
    assert code == 2
    assert text.startswith("zr0-serve: 0.0.0.0 can be reached from other machines, and there is no key: give one")
    with started(tmp_path, "--policy", "hold", "--host", "0.0.0.0", "--allow-anyone") as (program, url):
        with connect(url.replace("0.0.0.0", "127.0.0.1")) as client:
            assert isinstance(client.recv(timeout=10.0), bytes)
        assert "whoever reaches this port can use the policy" in program.log()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--policy", "hodl"], r"zr0-serve: no policy named 'hodl', .*did you mean 'hold'"),
        (["--embodiment", "xarm7"], r"zr0-serve: no embodiment named 'xarm7'"),
        (["--key-file", "nowhere"], r"zr0-serve: key file nowhere cannot be read"),
        (["--host", "a..b"], r"zr0-serve: host 'a..b' is no address"),
        (["--port", "65536"], r"zr0-serve: error: argument --port: 65536 is not a port, expected 0 to 65535"),
        (["--port", "-1"], r"argument --port: -1 is not a port"),
        (["--key", KEY], r"unrecognized arguments: --key"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(options: list[str], match: str) -> None:
    code, text = refused(*options)
    assert code == 2
    assert re.search(match, text), text
    assert "Traceback" not in text


def test_help_teaches_the_first_steps() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=True)
    text = " ".join(done.stdout.split())
    for words in ("--key-file", "ZR0_SERVER_KEY", "--allow-anyone", "openpi-client", "ssh -L", "default: 8000"):
        assert words in text, words


def test_the_options_are_understood_before_anything_is_installed() -> None:
    program = "import sys, zr0_policy.server.arguments; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert "zr0_policy" in loaded
    assert not loaded & {"numpy", "msgpack", "websockets", "torch", "zr0_core"}
