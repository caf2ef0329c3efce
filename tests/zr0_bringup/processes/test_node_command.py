"""Tests of zr0_bringup.processes.node_command."""

from pathlib import Path

import pytest
import yaml
from zr0_bringup.bringups import bringups
from zr0_bringup.graph import PlainValue, ResolvedNode, resolve
from zr0_bringup.processes.node_command import find_executable, process_spec, yaml_value
from zr0_core.errors import Zr0Error


@pytest.mark.parametrize("value", ["1", "", "true", "a: b", 1, 1.0, True, ("a", "b")])
def test_ros_reads_back_the_type_that_was_written(value: PlainValue) -> None:
    expected = list(value) if isinstance(value, tuple) else value
    read = yaml.safe_load(yaml_value(value))
    assert read == expected
    assert type(read) is type(expected)


def test_an_executable_is_found_in_the_first_workspace_that_has_it(tmp_path: Path) -> None:
    for name in ("b", "c"):
        path = tmp_path / name / "lib" / "p" / "e"
        path.parent.mkdir(parents=True)
        path.write_text("")
        path.chmod(0o755)
    prefixes = ":".join(str(tmp_path / name) for name in ("a", "b", "c"))
    assert find_executable("p", "e", {"AMENT_PREFIX_PATH": prefixes}) == tmp_path / "b" / "lib" / "p" / "e"


def test_an_absent_executable_is_named_with_where_it_was_sought() -> None:
    with pytest.raises(Zr0Error, match="no executable e of package p in /nowhere; build the workspace"):
        find_executable("p", "e", {"AMENT_PREFIX_PATH": "/nowhere"})


def test_a_node_gets_name_parameters_and_remappings(tmp_path: Path) -> None:
    node = ResolvedNode(
        name="manager",
        package="zr0_bringup",
        executable="lifecycle_manager_node",
        parameters={"node_names": ("a", "b"), "retry_duration": 2.0},
        remappings=(("/x", "/y"),),
    )
    command = process_spec(node, tmp_path).command
    assert command[0].endswith("lib/zr0_bringup/lifecycle_manager_node")
    assert command[1:] == (
        "--ros-args", "-r", "__node:=manager",
        "-p", 'node_names:=["a", "b"]', "-p", "retry_duration:=2.0", "-r", "/x:=/y",
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(bringups()))
def test_every_node_of_every_graph_is_built(name: str, tmp_path: Path) -> None:
    for node in resolve(bringups()[name], {"robot_ip": "10.0.0.1"}):
        assert Path(process_spec(node, tmp_path).command[0]).is_file()
