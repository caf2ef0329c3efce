"""Embodiment files: what is shipped loads, nonsense is refused by field, and content decides the hash."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from zr0_core.embodiment import ActionSpace, Embodiment, shipped_embodiments
from zr0_core.errors import EmbodimentError

SHIPPED = ("xarm6_gripper", "xarm7_gripper", "xarm7_gripper_pose")
Document = dict[str, Any]


def document(name: str = "xarm7_gripper") -> Document:
    """A shipped embodiment as plain data."""
    loaded: Document = yaml.safe_load(Embodiment.load(name).to_text())
    return loaded


def parse(data: Document) -> Embodiment:
    return Embodiment.from_text(yaml.safe_dump(data))


def put(*path: str | int, value: object) -> Callable[[Document], None]:
    """An edit that sets one field."""

    def edit(data: Document) -> None:
        target: Any = data
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return edit


def test_the_shipped_ones_are_listed() -> None:
    assert shipped_embodiments() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_embodiment_loads_and_survives_writing(name: str) -> None:
    embodiment = Embodiment.load(name)
    assert embodiment.name == name
    again = Embodiment.from_text(embodiment.to_text())
    assert again == embodiment
    assert again.content_hash == embodiment.content_hash
    assert re.fullmatch("[0-9a-f]{64}", embodiment.content_hash)


def test_the_joint_variant_carries_the_published_limits() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    assert embodiment.action.space is ActionSpace.JOINT_POSITION
    assert embodiment.joint_names == tuple(f"joint{number}" for number in range(1, 8))
    assert embodiment.measured_names == (*embodiment.joint_names, "drive_joint")
    assert embodiment.action.names == embodiment.measured_names
    np.testing.assert_allclose(np.degrees(embodiment.lower), [-360, -118, -360, -11, -360, -97, -360], atol=1e-4)
    np.testing.assert_allclose(np.degrees(embodiment.upper), [360, 120, 360, 225, 360, 180, 360], atol=1e-4)
    assert np.degrees(embodiment.arm.hardware_limits.velocity) == pytest.approx(180.0)


def test_the_six_axis_arm_carries_the_published_limits() -> None:
    embodiment = Embodiment.load("xarm6_gripper")
    np.testing.assert_allclose(np.degrees(embodiment.lower), [-360, -118, -225, -360, -97, -360], atol=1e-4)
    np.testing.assert_allclose(np.degrees(embodiment.upper), [360, 120, 11, 360, 180, 360], atol=1e-4)
    assert len(embodiment.home) == 6


def test_the_pose_variant_is_the_same_robot_with_other_vectors() -> None:
    joints, poses = Embodiment.load("xarm7_gripper"), Embodiment.load("xarm7_gripper_pose")
    assert poses.action.space is ActionSpace.END_EFFECTOR_POSE
    assert {difference.field.split(".")[0] for difference in joints.compare(poses)} == {"name", "state", "action"}


@pytest.mark.parametrize("name", SHIPPED)
def test_home_points_the_tool_down(name: str) -> None:
    embodiment = Embodiment.load(name)
    pose = embodiment.chain.forward(embodiment.home)
    np.testing.assert_allclose(pose[:3, 2], [0.0, 0.0, -1.0], atol=1e-3)


def test_a_file_is_loaded_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(Embodiment.load("xarm6_gripper").to_text())
    assert Embodiment.load(str(path)) == Embodiment.load("xarm6_gripper")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbodimentError, match=r"embodiment file .*mine\.yaml does not exist"):
        Embodiment.load(str(tmp_path / "mine.yaml"))


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(
        EmbodimentError,
        match=r"no embodiment named 'xarm7_griper'; did you mean 'xarm7_gripper'\? available: xarm6_gripper, xarm7",
    ):
        Embodiment.load("xarm7_griper")


def test_text_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(EmbodimentError, match=r"^lab\.yaml is not valid YAML"):
        Embodiment.from_text("name: [", "lab.yaml")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (put("name", value=" "), "name is empty"),
        (put("version", value=0), "version is 0, expected a finite number above 0"),
        (put("control_rate", value=-1.0), "control_rate is -1.0, expected a finite number above 0"),
        (put("cameras", value=[]), "cameras is empty"),
        (put("cameras", 1, "name", value="front"), "cameras.name: front given more than once"),
        (
            put("cameras", 1, "key", value="observation.images.front"),
            "cameras.key: observation.images.front given more",
        ),
        (put("cameras", 1, "topic", value="/camera/front/image_raw"), "cameras.topic: /camera/front/image_raw given"),
        (put("cameras", 0, "topic", value="camera/image"), "cameras[0]: topic is 'camera/image', expected an absolute"),
        (put("cameras", 0, "topic", value="/camera//image"), "cameras[0]: topic is '/camera//image'"),
        (put("cameras", 0, "encoding", value="rgb"), "cameras[0]: encoding: unknown 'rgb', available: rgb8, bgr8"),
        (put("cameras", 0, "encoding", value="rgb9"), "did you mean 'rgb8'?"),
        (put("cameras", 0, "width", value=0), "cameras[0]: width is 0, expected"),
        (put("cameras", 0, "height", value=-1), "cameras[0]: height is -1, expected"),
        (put("cameras", 0, "rate", value=0.0), "cameras[0]: rate is 0.0, expected"),
        (put("cameras", 0, "max_age", value=0.0), "cameras[0]: max_age is 0.0, expected"),
        (put("cameras", 0, "key", value=""), "cameras[0]: key is empty"),
        (put("cameras", 0, "name", value=""), "cameras[0]: name is empty"),
        (put("state", "topic", value="joint_states"), "state: topic is 'joint_states', expected an absolute"),
        (put("state", "names", 2, value="joint2"), "state: names: joint2 given more than once"),
        (put("state", "names", 2, value="joint33"), "state.names: unknown 'joint33', available: joint1, joint2"),
        (put("state", "max_age", value=0.0), "state: max_age is 0.0"),
        (put("state", "key", value=""), "state: key is empty"),
        (put("action", "names", 0, value="joint2"), "action.names for joint_position must be joint1, joint2, joint3"),
        (put("action", "space", value="joint_velocity"), "action.space is 'joint_velocity', expected one of joint_pos"),
        (put("action", "space", value="end_effector_pose"), "action.names for end_effector_pose must be x, y, z, sin"),
        (put("action", "step_period", value=0.0), "action: step_period is 0.0"),
        (put("action", "horizon", value=0), "action: horizon is 0"),
        (put("action", "max_age", value=-0.5), "action: max_age is -0.5"),
        (put("action", "max_step", value=0.0), "action: max_step is 0.0"),
        (put("action", "key", value=""), "action: key is empty"),
        (put("arm", "model", value=""), "arm: model is empty"),
        (put("arm", "base_frame", value=""), "arm: base_frame is empty"),
        (put("arm", "tool_frame", value=""), "arm: tool_frame is empty"),
        (put("arm", "joints", value=[]), "arm: joints is empty"),
        (put("arm", "joints", 1, "name", value="joint1"), "arm: joints: joint1 given more than once"),
        (put("arm", "joints", 1, "name", value=""), "arm.joints[1]: name is empty"),
        (put("arm", "joints", 1, "name", value="x"), "joint, gripper and pose component names: x given more than once"),
        (put("arm", "joints", 1, "lower", value=9.0), "arm.joints[1]: joint2: lower (9.0) must be below upper"),
        (put("arm", "joints", 1, "origin_xyz", value=[0.0, 0.0]), "arm.joints[1].origin_xyz must have 3 values, got 2"),
        (put("arm", "home", value=[0.0]), "arm: home has 1 values for 7 joints"),
        (put("arm", "home", 1, value=-3.0), "arm: home: joint2 = -3.0 is outside [-2.059488517, 2.094395102] rad"),
        (
            put("arm", "home", 0, value=2.0),
            "arm: home puts the tool at (-0.1456, 0.3182, 0.28) m, outside the workspace from",
        ),
        (
            put("arm", "workspace", "lower", value=[0.9, -0.4, 0.0]),
            "arm.workspace: workspace lower (0.9, -0.4, 0.0) must",
        ),
        (put("arm", "motion_limits", "velocity", value=4.0), "arm: motion_limits.velocity is 4.0, above the hardware"),
        (put("arm", "motion_limits", "jerk", value=1e6), "arm: motion_limits.jerk is 1000000.0, above the hardware"),
        (put("arm", "hardware_limits", "acceleration", value=0.0), "arm.hardware_limits: acceleration is 0.0"),
        (put("gripper", "joint", value="joint1"), "joint, gripper and pose component names: joint1 given more than"),
        (put("gripper", "joint", value=""), "gripper: joint is empty"),
        (put("gripper", "velocity", value=0.0), "gripper: velocity is 0.0"),
        (put("gripper", "closed", value=0.0), "gripper: open and closed are both 0.0"),
        (put("gripper", "force", value=1.0), "gripper has no field 'force', available: joint, open, closed, velocity"),
    ],
)
def test_nonsense_is_refused_by_field(edit: Callable[[Document], None], reason: str) -> None:
    data = document()
    edit(data)
    with pytest.raises(EmbodimentError, match=re.escape(reason)):
        parse(data)


def test_a_missing_field_is_named() -> None:
    data = document()
    del data["action"]["horizon"]
    with pytest.raises(EmbodimentError, match=r"^embodiment: action lacks horizon$"):
        parse(data)


def test_the_hash_is_of_content_not_of_form() -> None:
    text = Embodiment.load("xarm7_gripper").to_text()
    reordered = yaml.safe_dump(yaml.safe_load(text), sort_keys=True)
    assert text != reordered
    commented = Embodiment.from_text("# The left arm.\n" + reordered)
    assert commented.content_hash == Embodiment.load("xarm7_gripper").content_hash


@pytest.mark.parametrize(
    "edit",
    [
        put("version", value=3),
        put("cameras", 0, "width", value=320),
        put("action", "step_period", value=0.2),
        put("arm", "home", 0, value=0.01),
    ],
)
def test_the_hash_changes_with_content(edit: Callable[[Document], None]) -> None:
    data = document()
    edit(data)
    assert parse(data).content_hash != Embodiment.load("xarm7_gripper").content_hash


def test_the_hash_is_stable_across_releases() -> None:
    # A change here invalidates every recorded bag, dataset and checkpoint: raise `version` with it.
    hashes = {name: Embodiment.load(name).content_hash[:12] for name in SHIPPED}
    assert hashes == {
        "xarm6_gripper": "293ec393f5d1",
        "xarm7_gripper": "a16d63631ab8",
        "xarm7_gripper_pose": "16d10d233d2d",
    }
