"""Tests of zr0_bringup.graph."""

import pytest
from zr0_bringup.arguments import LaunchArgument
from zr0_bringup.graph import Argument, Graph, NodeKind, NodeSpec, WhenArgument, resolve

TOPIC = LaunchArgument(name="topic", description="", default="/image")
POLICY = LaunchArgument(name="policy", description="", default="zr0")


def _node(name: str = "eye", value: Argument | WhenArgument | int = 1) -> NodeSpec:
    return NodeSpec(
        name=name,
        package="p",
        executable="e",
        kind=NodeKind.PLAIN,
        parameters={"value": value},
        remappings=(("/image", Argument("topic")),),
    )


def _graph(*nodes: NodeSpec, stop_order: tuple[str, ...] = ("eye",)) -> Graph:
    return Graph(name="g", description="", arguments=(TOPIC, POLICY), nodes=nodes, stop_order=stop_order)


def test_arguments_reach_parameters_and_remappings() -> None:
    (node,) = resolve(_graph(_node(value=Argument("policy"))), {"topic": "/left", "policy": "hold"})
    assert node.parameters == {"value": "hold"}
    assert node.remappings == (("/image", "/left"),)


def test_a_remapping_to_itself_is_left_out() -> None:
    (node,) = resolve(_graph(_node()), {})
    assert node.remappings == ()


@pytest.mark.parametrize(("policy", "expected"), [("scripted", "/truth"), ("zr0", "")])
def test_a_value_may_depend_on_an_argument(policy: str, expected: str) -> None:
    value = WhenArgument(name="policy", equals="scripted", then="/truth", otherwise="")
    (node,) = resolve(_graph(_node(value=value)), {"policy": policy})
    assert node.parameters == {"value": expected}


def test_an_unknown_argument_in_a_node_is_refused() -> None:
    with pytest.raises(ValueError, match="node eye uses an unknown argument speed"):
        _graph(_node(value=Argument("speed")))


@pytest.mark.parametrize("order", [(), ("eye", "eye"), ("ear",)])
def test_the_stop_order_names_every_node_once(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"stop_order .* must name each of"):
        _graph(_node(), stop_order=order)
