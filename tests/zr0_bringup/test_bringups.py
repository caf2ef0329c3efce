"""Tests of zr0_bringup.bringups and zr0_bringup.command_line: one declaration, no second opinion."""

from dataclasses import replace
from pathlib import Path

import pytest
from zr0_bringup.bringups import POLICY_ARGUMENTS, bringups, sim_graph, xarm_graph
from zr0_bringup.command_line import argument_values, make_parser, spread_assignments
from zr0_bringup.graph import Argument, Graph, resolve
from zr0_core.embodiment import Embodiment
from zr0_policy.chunking.strategies import STRATEGIES
from zr0_policy.engine.sampler import Engine

GRAPHS = list(bringups().values())
GIVEN = {"sim": [], "xarm": ["--robot-ip", "10.0.0.1"]}


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_the_options_of_up_are_the_arguments_of_the_graph_with_its_defaults(graph: Graph) -> None:
    options = make_parser().parse_args(["up", graph.name, *GIVEN[graph.name]])
    values = argument_values(options, graph)
    assert set(values) == {argument.name for argument in graph.arguments}
    for argument in graph.arguments:
        if not argument.is_required:
            assert values[argument.name] == argument.default


def test_the_options_of_sim_are_those_of_up_sim() -> None:
    parser, graph = make_parser(), sim_graph()
    up = argument_values(parser.parse_args(["up", "sim"]), graph)
    assert argument_values(parser.parse_args(["sim"]), graph) == up


def test_values_may_be_written_as_in_ros() -> None:
    words = spread_assignments(["up", "xarm", "robot_ip:=10.0.0.1", "dry_run:=true"])
    options = make_parser().parse_args(words)
    assert argument_values(options, xarm_graph()) | {"robot_ip": "10.0.0.1", "dry_run": True} == argument_values(
        options, xarm_graph()
    )
    assert spread_assignments(["run", "--", "a:=b"]) == ["run", "--", "a:=b"]


def test_a_bad_value_ends_with_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(["sim", "--rate", "often"])
    assert "rate is 'often', expected a number" in capsys.readouterr().err


def test_a_real_arm_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(["up", "xarm"])
    assert "--robot-ip" in capsys.readouterr().err
    with pytest.raises(ValueError, match="robot_ip must be given"):
        resolve(xarm_graph(), {})


def test_sim_and_xarm_differ_on_the_robot_side_only() -> None:
    sim = {node.name: node for node in sim_graph().nodes}
    xarm = {node.name: node for node in xarm_graph().nodes}
    assert set(sim) - set(xarm) == {"sim"}
    assert set(xarm) <= set(sim)
    assert sim["arm_controller"] == xarm["arm_controller"]
    # On the table, a task is set up first, and its instruction follows from that.
    begins = {**sim["policy"].parameters, "task": Argument("task")}
    assert replace(sim["policy"], parameters=begins) == xarm["policy"]
    shared = {
        argument.name: argument
        for argument in xarm_graph().arguments
        if argument.name not in {"robot_ip", "control_port", "task"}
    }
    assert {name: sim_graph().argument_by_name[name] for name in shared} == shared


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_the_controller_stops_first_and_the_simulator_last(graph: Graph) -> None:
    assert graph.stop_order[0] == "arm_controller"
    assert "sim" not in graph.stop_order[:-1]


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_only_the_scripted_policy_sees_the_ground_truth(graph: Graph) -> None:
    for policy, topic in {"zr0": "", "hold": "", "scripted": "/sim/status"}.items():
        nodes = {node.name: node for node in resolve(graph, {"robot_ip": "10.0.0.1", "policy": policy})}
        assert nodes["policy"].parameters["privileged_topic"] == topic


def test_camera_topics_are_those_of_the_embodiment() -> None:
    arguments = sim_graph().argument_by_name
    for camera in Embodiment.load(str(arguments["embodiment"].default)).cameras:
        assert arguments[f"{camera.name}_camera_topic"].default == camera.topic


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_a_launch_file_includes_one_part_per_node(graph: Graph) -> None:
    folder = Path(__file__).parents[2] / "ros2_ws" / "src" / "zr0_bringup" / "launch"
    text = (folder / f"{graph.name}.launch.py").read_text()
    parts = {path.name.partition(".")[0]: path.read_text() for path in (folder / "include").glob("*.launch.py")}
    included = [name for name in parts if f'include("{name}"' in text]
    started = [
        node.name for node in graph.nodes for name in included if f'node_of_bringup("{node.name}")' in parts[name]
    ]
    assert sorted(started) == sorted(node.name for node in graph.nodes)
    assert "middleware" in included


def test_help_teaches() -> None:
    text = make_parser().format_help()
    for words in ("./zr0 sim --policy scripted", "./zr0 doctor", "./zr0 test", "robot_ip:=192.168.1.200"):
        assert words in text


def test_choices_are_those_of_the_policy_package() -> None:
    choices = {argument.name: argument.choices for argument in POLICY_ARGUMENTS}
    assert choices["engine"] == tuple(engine.value for engine in Engine)
    assert choices["chunking"] == tuple(STRATEGIES)
