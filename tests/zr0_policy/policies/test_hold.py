import dataclasses

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import Observation
from zr0_policy.policies.hold import HoldPolicy


def context(embodiment: Embodiment) -> PolicyContext:
    return PolicyContext(embodiment=embodiment, checkpoint="", device="cpu", seed=0)


def test_is_found_by_name_and_needs_no_weights(embodiment: Embodiment) -> None:
    policy = make_policy("hold", context(embodiment))
    assert (policy.name, policy.is_trained, policy.is_guided) == ("hold", True, False)


def test_repeats_the_first_state_of_an_episode(embodiment: Embodiment, observation: Observation) -> None:
    policy = HoldPolicy(embodiment)
    policy.reset("wait")
    first = policy.infer(observation)
    np.testing.assert_array_equal(first, np.tile(observation.state, (16, 1)))
    drifted = dataclasses.replace(observation, state=observation.state + 0.2)
    np.testing.assert_array_equal(policy.infer(drifted), first)
    policy.reset("wait again")
    np.testing.assert_array_equal(policy.infer(drifted)[3], drifted.state)


def test_pose_embodiments_are_held_as_well() -> None:
    pose = Embodiment.load("xarm7_gripper_pose")
    assert make_policy("hold", context(pose)).name == "hold"


def test_a_state_without_the_actions_components_is_refused(embodiment: Embodiment) -> None:
    blind = dataclasses.replace(embodiment, state=dataclasses.replace(embodiment.state, names=("joint1", "joint2")))
    with pytest.raises(Zr0Error, match=r"state.names of embodiment xarm7_gripper lacks joint3, .*drive_joint"):
        HoldPolicy(blind)
