"""Two embodiments are compared by field, joints and cameras by name."""

import dataclasses

from zr0_core.embodiment import Embodiment

ROBOT = Embodiment.load("xarm7_gripper")
FRONT, WRIST = ROBOT.cameras


def lines(other: Embodiment) -> list[str]:
    return [str(difference) for difference in ROBOT.compare(other)]


def test_equal_ones_have_no_difference() -> None:
    assert lines(Embodiment.load("xarm7_gripper")) == []


def test_a_field_is_addressed_by_names() -> None:
    joints = list(ROBOT.arm.joints)
    joints[2] = dataclasses.replace(joints[2], upper=6.0)
    other = dataclasses.replace(
        ROBOT,
        arm=dataclasses.replace(ROBOT.arm, joints=tuple(joints)),
        cameras=(FRONT, dataclasses.replace(WRIST, width=224)),
    )
    assert lines(other) == [
        "arm.joints.joint3.upper: expected 6.283185307, got 6.0",
        "cameras.wrist.width: expected 640, got 224",
    ]


def test_a_camera_on_one_side_only_is_one_line() -> None:
    other = dataclasses.replace(ROBOT, cameras=(dataclasses.replace(FRONT, key="k", name="top", topic="/top"), WRIST))
    assert lines(other) == [
        "cameras.front: expected present, got absent",
        "cameras.top: expected absent, got present",
    ]


def test_another_order_is_told() -> None:
    other = dataclasses.replace(ROBOT, cameras=(WRIST, FRONT))
    assert lines(other) == ["cameras (order): expected front, wrist, got wrist, front"]


def test_names_on_one_side_only_are_listed() -> None:
    state = dataclasses.replace(ROBOT.state, names=(*ROBOT.state.names[:-1], "x"))
    assert lines(dataclasses.replace(ROBOT, state=state)) == [
        "state.names.drive_joint: expected present, got absent",
        "state.names.x: expected absent, got present",
    ]


def test_numbers_and_texts_are_shown_as_they_are() -> None:
    arm = dataclasses.replace(ROBOT.arm, home=(0.1, *ROBOT.arm.home[1:]))
    assert lines(dataclasses.replace(ROBOT, name="lab", arm=arm)) == [
        "name: expected 'xarm7_gripper', got 'lab'",
        (
            "arm.home: expected 7 values (0.0, -0.4394, 0.0, 0.8932, 0.0, 1.3326, 0.0), "
            "got 7 values (0.1, -0.4394, 0.0, 0.8932, 0.0, 1.3326, 0.0)"
        ),
    ]


def test_a_shorter_vector_and_another_action_space_are_told() -> None:
    six = Embodiment.load("xarm6_gripper")
    found = lines(six)
    assert "arm.joints.joint7: expected present, got absent" in found
    assert "action.names.joint7: expected present, got absent" in found
    assert any(line.startswith("arm.home: expected 7 values (0.0,") and "got 6 values (0.0," in line for line in found)
    assert "action.space: expected 'joint_position', got 'end_effector_pose'" in lines(
        Embodiment.load("xarm7_gripper_pose")
    )
