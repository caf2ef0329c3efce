"""Fixtures of the node tests: an isolated domain, a probe, nodes as processes, an address for a control box."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from zr0_test_support.address import lock_address
from zr0_test_support.domain import lock_domain
from zr0_test_support.environment import ros_environment
from zr0_test_support.host import RosHost
from zr0_test_support.probe import Probe
from zr0_test_support.process import NodeProcess, StartNode


@pytest.fixture(scope="session")
def ros_domain() -> Iterator[int]:
    """A ROS domain of this test process alone."""
    lock = lock_domain()
    yield lock.domain_id
    lock.release()


@pytest.fixture(scope="session")
def ros_env(ros_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that nodes run under, set in this process as well."""
    environment = ros_environment(ros_domain, tmp_path_factory.mktemp("ros"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ROS_LOCALHOST_ONLY", raising=False)
        for name, value in environment.items():
            patch.setitem(os.environ, name, value)
        yield environment


@pytest.fixture
def host(ros_env: dict[str, str]) -> Iterator[RosHost]:
    """A ROS context with an executor thread, for nodes inside the test process."""
    with RosHost(int(ros_env["ROS_DOMAIN_ID"])) as running:
        yield running


@pytest.fixture
def probe(host: RosHost) -> Probe:
    """A node that looks at other nodes from outside."""
    return Probe(host)


@pytest.fixture
def box_address() -> Iterator[str]:
    """A loopback address with all ports of a control box free."""
    lock = lock_address()
    yield lock.address
    lock.release()


@pytest.fixture
def start_node(ros_env: dict[str, str], tmp_path: Path) -> Iterator[StartNode]:
    """Start nodes as processes: `start_node(package, executable, parameters=..., ...)`, as `NodeProcess` takes them.

    At the end of the test they are stopped, newest first; one that does not end cleanly at SIGINT fails the test.
    """
    running: list[NodeProcess] = []

    def start(package: str, executable: str, **options: object) -> NodeProcess:
        started = NodeProcess(package, executable, log_folder=tmp_path / "nodes", environment=ros_env, **options)  # type: ignore[arg-type]
        running.append(started)
        return started

    yield start
    problems: list[str] = []
    for process in reversed(running):
        try:
            process.stop()
        except AssertionError as error:
            problems.append(str(error))
    if problems:
        pytest.fail("\n".join(problems))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the nodes' last output to the report of a failed test."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and folder is not None:
        for path in sorted((folder / "nodes").glob("*.log")):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-60:]
            report.sections.append((f"output of {path.stem}", "\n".join(tail)))
    return report
