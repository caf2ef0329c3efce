"""The shipped weights, what clients ask them, and servers of any policy."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import Policy, PolicyContext, make_policy
from zr0_policy.policies.hold import HoldPolicy
from zr0_policy.server.description import describe
from zr0_policy.server.request import RequestReader
from zr0_policy.server.websocket_server import Endpoint, PolicyServer


@pytest.fixture(scope="session")
def context(embodiment: Embodiment) -> PolicyContext:
    return PolicyContext(embodiment=embodiment, checkpoint="zr0_tiny_xarm7", device="cpu", seed=0)


@pytest.fixture(scope="session")
def served(context: PolicyContext) -> Policy:
    """The shipped weights, for servers."""
    return make_policy("zr0", context)


@pytest.fixture(scope="session")
def direct(context: PolicyContext) -> Policy:
    """The same, for asking without a server."""
    return make_policy("zr0", context)


@pytest.fixture(scope="session")
def question(embodiment: Embodiment) -> dict[str, object]:
    """A request in ZR-0's form, of frames that differ."""
    rng = np.random.default_rng(1)
    return {
        "observation.images.front": rng.integers(0, 256, (480, 640, 3), dtype=np.uint8),
        "observation.images.wrist": rng.integers(0, 256, (224, 224, 3), dtype=np.uint8),
        "observation.state": np.append(embodiment.home + 0.1, 0.3),
        "task": "put the red cube into the blue bin",
    }


@contextlib.contextmanager
def running(policy: Policy, *, port: int = 0, key: str | None = None) -> Iterator[str]:
    """Run a server in a thread of its own; yield `host:port`."""
    embodiment = Embodiment.load("xarm7_gripper")
    reader = RequestReader(embodiment)
    metadata = describe(policy, embodiment, "weights", reader.max_bytes)
    endpoint = Endpoint(address="127.0.0.1", port=port, key=key)
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stopping = asyncio.Event()
        try:
            async with PolicyServer(policy, reader, metadata, endpoint).running() as place:
                started.set_result((place, asyncio.get_running_loop(), stopping))
                await stopping.wait()
        except Zr0Error as error:
            started.set_exception(error)

    before = inference_threads()
    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="server")
    thread.start()
    try:
        place, loop, stopping = started.result(timeout=20.0)
        try:
            yield place
        finally:
            loop.call_soon_threadsafe(stopping.set)
    finally:
        thread.join(timeout=20.0)
        assert not thread.is_alive(), "the server did not end"
        assert inference_threads() <= before


def inference_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("inference")}


@pytest.fixture(scope="session")
def serving() -> Callable[..., contextlib.AbstractContextManager[str]]:
    """`with serving(policy, port=..., key=...) as place`, both of which may be left out."""
    return running


@pytest.fixture
def hold(embodiment: Embodiment) -> Iterator[str]:
    """A server without a model."""
    with running(HoldPolicy(embodiment)) as place:
        yield place
