"""The test support itself: it finds, watches and ends nodes, and says so when they misbehave."""

from pathlib import Path

import pytest
from lifecycle_msgs.msg import State
from rcl_interfaces.srv import GetParameters
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from std_msgs.msg import String
from std_srvs.srv import Trigger
from zr0_test_support.address import lock_address
from zr0_test_support.demo_package import write_demo_package
from zr0_test_support.domain import lock_domain
from zr0_test_support.host import RosHost
from zr0_test_support.probe import Probe
from zr0_test_support.process import NodeProcess, StartNode

pytestmark = pytest.mark.ros

TALKER = """
import rclpy
from rclpy.executors import ExternalShutdownException
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node("talker")
node.declare_parameter("word", "?")
publisher = node.create_publisher(String, "words", 10)
node.create_timer(0.02, lambda: publisher.publish(String(data=node.get_parameter("word").value)))
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
rclpy.try_shutdown()
"""
DEAF = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)\n"
BROKEN = "raise SystemExit('no such arm')\n"


@pytest.fixture(autouse=True)
def _demo_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ament package `demo` with three executables."""
    prefix = tmp_path / "prefix"
    write_demo_package(prefix, "demo", {"talker": TALKER, "deaf": DEAF, "broken": BROKEN})
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix), prepend=":")


def demo(executable: str, tmp_path: Path, ros_env: dict[str, str]) -> NodeProcess:
    return NodeProcess("demo", executable, log_folder=tmp_path / "nodes", environment=ros_env)


def test_a_node_talks_to_the_probe_under_its_parameters_and_remappings(start_node: StartNode, probe: Probe) -> None:
    node = start_node(
        "demo", "talker", parameters={"word": "1: a 'b' \"c\""}, remappings={"words": "said"}, node_name="speaker"
    )
    inbox = probe.subscribe(String, "said")
    assert inbox.wait(timeout=20.0).data == "1: a 'b' \"c\""
    assert len(inbox.wait_count(3)) >= 3
    assert inbox.arrival_times_ns == sorted(inbox.arrival_times_ns)
    probe.wait_node("/speaker")
    response = probe.call(GetParameters, "/speaker/get_parameters", GetParameters.Request(names=["word"]))
    assert response.values[0].string_value == "1: a 'b' \"c\""
    node.stop()
    assert node.returncode == 0


def test_a_wait_in_vain_says_what_came(start_node: StartNode, probe: Probe) -> None:
    start_node("demo", "talker", parameters={"word": "yes"})
    inbox = probe.subscribe(String, "words")
    inbox.wait(timeout=20.0)
    with pytest.raises(AssertionError, match=r"no such message on words within 0.1 s; \d+ came, last: .*'yes'"):
        inbox.wait(lambda message: message.data == "no", timeout=0.1)


def test_a_node_deaf_to_sigint_is_ended_and_reported(tmp_path: Path, ros_env: dict[str, str]) -> None:
    node = demo("deaf", tmp_path, ros_env)
    node.wait_for_log("deaf")
    with pytest.raises(AssertionError, match="deaf ignored SIGINT"):
        node.stop(timeout=0.5)
    assert not node.is_running


def test_a_node_that_ended_badly_is_reported_with_its_output(tmp_path: Path, ros_env: dict[str, str]) -> None:
    node = demo("broken", tmp_path, ros_env)
    with pytest.raises(AssertionError, match=r"ended with 1 before printing 'ready'(.|\n)*no such arm"):
        node.wait_for_log("ready")
    with pytest.raises(AssertionError, match=r"ended with 1 before it was stopped(.|\n)*no such arm"):
        node.stop()


def test_a_killed_node_is_not_an_error(tmp_path: Path, ros_env: dict[str, str]) -> None:
    node = demo("talker", tmp_path, ros_env)
    node.wait_for_log("ready")
    node.kill()
    node.stop()
    assert node.returncode == -9


def test_an_expected_end_returns_its_code(tmp_path: Path, ros_env: dict[str, str]) -> None:
    node = demo("broken", tmp_path, ros_env)
    assert node.wait_exit() == 1
    node.stop()


def test_an_unknown_executable_is_refused(tmp_path: Path, ros_env: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="demo has no executable 'walker', available: broken, deaf, talker"):
        demo("walker", tmp_path, ros_env)


class Machine(LifecycleNode):
    """A lifecycle node that can be told to refuse to configure."""

    is_willing = True

    def on_configure(self, _: State) -> TransitionCallbackReturn:
        return TransitionCallbackReturn.SUCCESS if self.is_willing else TransitionCallbackReturn.FAILURE


def test_the_probe_drives_a_lifecycle(host: RosHost, probe: Probe) -> None:
    machine = Machine("machine", context=host.context)
    host.add(machine)
    machine.is_willing = False
    assert not probe.configure("/machine")
    assert probe.lifecycle_state("/machine") == "unconfigured"
    machine.is_willing = True
    assert probe.configure("/machine")
    assert probe.activate("/machine")
    assert probe.lifecycle_state("/machine") == "active"
    assert probe.deactivate("/machine")
    assert probe.cleanup("/machine")


def test_an_absent_service_is_named(probe: Probe) -> None:
    with pytest.raises(AssertionError, match=r"waited 0\.2 s in vain for service /nothing"):
        probe.call(Trigger, "/nothing", timeout=0.2)


def test_a_callback_that_raises_fails_the_test(ros_env: dict[str, str]) -> None:
    host = RosHost(int(ros_env["ROS_DOMAIN_ID"]))
    probe = Probe(host)

    def fail() -> None:
        raise ValueError("callback at fault")

    probe.node.create_timer(0.01, fail)
    with pytest.raises(RuntimeError, match="a callback raised ValueError\\('callback at fault'\\)"):
        probe.wait(lambda: False, timeout=10.0)
    with pytest.raises(RuntimeError, match="callback at fault"):
        host.close()


def test_locks_are_exclusive() -> None:
    domains = [lock_domain(), lock_domain()]
    addresses = [lock_address(), lock_address()]
    assert domains[0].domain_id != domains[1].domain_id
    assert addresses[0].address != addresses[1].address
    assert all(address.address.startswith("127.") for address in addresses)
    for domain in domains:
        domain.release()
    for address in addresses:
        address.release()
