"""Joint states are read by name, whatever their order, and refused when something is missing."""

import array
import math
import re

import numpy as np
import pytest
from zr0_core.errors import MessageError
from zr0_core.joints import joint_positions
from zr0_test_support.messages import JointState

WANTED = ("joint1", "joint2", "drive_joint")


def test_positions_come_out_in_the_wanted_order() -> None:
    message = JointState(
        name=["drive_joint", "lid", "joint2", "joint1"], position=array.array("d", [0.4, 9.0, -0.2, 1.5])
    )
    positions = joint_positions(message, WANTED)
    assert positions.tolist() == [1.5, -0.2, 0.4]
    assert positions.dtype == np.float64


def test_what_is_not_asked_for_may_be_anything() -> None:
    message = JointState(name=["lid", "lid", *WANTED], position=[math.nan, 1.0, 1.0, 2.0, 3.0])
    assert joint_positions(message, WANTED).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("name", "position", "reason"),
    [
        (
            ["joint1", "wrist"],
            [0.0, 0.0],
            "joint state lacks joint2, drive_joint; it has: joint1, wrist; check the joint names",
        ),
        ([], [], "joint state lacks joint1, joint2, drive_joint; it has: no joints"),
        (
            [*WANTED, "joint2"],
            [0.0] * 4,
            "joint state lists joint2 more than once; it has: joint1, joint2, drive_joint",
        ),
        (WANTED, [0.0, math.nan, math.inf], "not finite: joint2 = nan, drive_joint = inf"),
        (WANTED, [0.0, 0.0], "joint state has 2 positions for 3 names (joint1, joint2, drive_joint)"),
    ],
)
def test_a_bad_joint_state_is_refused(name: list[str], position: list[float], reason: str) -> None:
    with pytest.raises(MessageError, match=re.escape(reason)):
        joint_positions(JointState(name=name, position=position), WANTED)
