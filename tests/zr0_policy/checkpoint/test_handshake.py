"""Every field of an embodiment counts: each is changed in turn, found by walking the embodiment itself."""

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from zr0_core.embodiment import POSE_NAMES, ActionSpace, Embodiment, shipped_embodiments
from zr0_core.encodings import ENCODINGS
from zr0_core.schema import build
from zr0_policy.checkpoint.handshake import require_same_embodiment
from zr0_policy.errors import CheckpointError

Path = tuple[str | int, ...]


def plain(embodiment: Embodiment) -> Any:
    return json.loads(json.dumps(dataclasses.asdict(embodiment)))


def from_plain(data: Any) -> Embodiment:
    return build(Embodiment, data, "")


ROBOT = Embodiment.load("xarm7_gripper")
ROBOT_DATA = plain(ROBOT)


def leaves(data: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path


def value_at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def with_value(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, dict):
        return {key: with_value(item, path[1:], value) if key == path[0] else item for key, item in data.items()}
    return [with_value(item, path[1:], value) if index == path[0] else item for index, item in enumerate(data)]


def renamed(data: Any, old: str, new: str) -> Any:
    """Replace a name wherever it stands: joints are named in the arm, the state and the action."""
    if isinstance(data, dict):
        return {key: renamed(value, old, new) for key, value in data.items()}
    if isinstance(data, list):
        return [renamed(value, old, new) for value in data]
    return new if data == old else data


def candidates(data: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """Other values of a field with the document that holds them, likely valid ones first."""
    old = value_at(data, path)
    if isinstance(old, str):
        for new in (f"{old}_other", *ENCODINGS):
            if new != old:
                yield new, with_value(data, path, new)
                yield new, renamed(data, old, new)
        if path == ("action", "space"):
            posed = with_value(data, ("action", "names"), [*POSE_NAMES, data["gripper"]["joint"]])
            yield ActionSpace.END_EFFECTOR_POSE.value, with_value(posed, path, ActionSpace.END_EFFECTOR_POSE.value)
    elif isinstance(old, int):
        yield old + 1, with_value(data, path, old + 1)
    else:
        for new in (old + 1e-6, old - 1e-6):
            yield new, with_value(data, path, new)


def mutated(path: Path) -> tuple[Any, Embodiment]:
    """Change one field so that the result still is an embodiment."""
    for new, changed in candidates(ROBOT_DATA, path):
        try:
            return new, from_plain(changed)
        except ValueError:
            continue
    raise AssertionError(f"no other value of {path} makes an embodiment")


def field_of(data: Any, path: Path) -> str:
    """The dotted name of a field; entries of a list are addressed by their names, numbers by the list."""
    parts: list[str] = []
    for key in path:
        if isinstance(key, int):
            entry = data[key]
            if isinstance(entry, dict):
                parts.append(str(entry["name"]))
            elif isinstance(entry, str):
                parts.append(entry)
        else:
            parts.append(key)
        data = data[key]
    return ".".join(parts)


def is_name_of_entry(path: Path) -> bool:
    """Whether a field is what addresses an entry of a list, so that a change is one entry gone and another there."""
    return isinstance(path[-1], int) or (path[-1] == "name" and len(path) > 1)


@pytest.mark.parametrize("path", list(leaves(ROBOT_DATA)), ids=lambda path: field_of(ROBOT_DATA, path))
def test_a_change_of_any_field_is_refused_with_both_values(path: Path) -> None:
    old = value_at(ROBOT_DATA, path)
    new, other = mutated(path)
    with pytest.raises(CheckpointError, match="checkpoint mine is not for embodiment xarm7_gripper: ") as caught:
        require_same_embodiment(ROBOT, other, "mine")
    message = str(caught.value)
    field = field_of(ROBOT_DATA, path)
    if isinstance(old, str) and is_name_of_entry(path):
        parent = field.removesuffix(f".{old}") if isinstance(path[-1], int) else field.removesuffix(f".{old}.name")
        assert f"{parent}.{old}: got absent, expected present" in message
        assert f"{parent}.{new}: got present, expected absent" in message
    else:
        assert re.search(rf"{re.escape(field)}: got [^;]*{re.escape(repr(new))}", message)
        assert re.search(rf"{re.escape(field)}: got [^;]*, expected [^;]*{re.escape(repr(old))}", message)


def test_the_walk_reaches_what_the_design_names() -> None:
    reached = {field_of(ROBOT_DATA, path) for path in leaves(ROBOT_DATA)}
    assert reached >= {
        "version",
        "state.names.joint1",
        "action.names.drive_joint",
        "action.space",
        "action.step_period",
        "action.horizon",
        "cameras.front.key",
        "cameras.wrist.width",
        "cameras.wrist.height",
        "arm.joints.joint4.upper",
        "gripper.closed",
    }


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("cameras",), r"cameras \(order\): got wrist, front, expected front, wrist"),
        (("state", "names"), r"state.names \(order\): got drive_joint, joint7, .*, expected joint1, joint2"),
    ],
)
def test_a_change_of_order_is_refused(path: Path, field: str) -> None:
    other = from_plain(with_value(ROBOT_DATA, path, value_at(ROBOT_DATA, path)[::-1]))
    with pytest.raises(CheckpointError, match=field):
        require_same_embodiment(ROBOT, other, "mine")


def test_a_camera_less_and_a_camera_more_are_refused() -> None:
    one = dataclasses.replace(ROBOT, cameras=ROBOT.cameras[:1])
    with pytest.raises(CheckpointError, match=r"cameras.wrist: got absent, expected present"):
        require_same_embodiment(ROBOT, one, "mine")
    with pytest.raises(CheckpointError, match=r"cameras.wrist: got present, expected absent"):
        require_same_embodiment(one, ROBOT, "mine")


def test_every_difference_is_named() -> None:
    action = dataclasses.replace(ROBOT.action, horizon=8)
    other = dataclasses.replace(ROBOT, version=9, action=action)
    with pytest.raises(CheckpointError, match=r"version: got 9, expected 2; action.horizon: got 8, expected 16;"):
        require_same_embodiment(ROBOT, other, "mine")


def test_the_same_embodiment_is_accepted() -> None:
    require_same_embodiment(ROBOT, Embodiment.from_text(ROBOT.to_text()), "mine")


@pytest.mark.parametrize(("mine", "other"), list(itertools.permutations(shipped_embodiments(), 2)))
def test_no_shipped_embodiment_passes_for_another(mine: str, other: str) -> None:
    with pytest.raises(CheckpointError, match=f"not for embodiment {mine}: name: got '{other}', expected '{mine}'"):
        require_same_embodiment(Embodiment.load(mine), Embodiment.load(other), "mine")
