import re

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import KinematicsError, Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import FloatArray, Observation
from zr0_core.vectors import pose_from_components, state_vector
from zr0_sim.operator.pick_and_place import Phase
from zr0_sim.operator.scripted_policy import ScriptedPolicy

ROBOTS = ("xarm6_gripper", "xarm7_gripper", "xarm7_gripper_pose")
SECOND = 1_000_000_000
OBJECTS = {
    "red_cube": np.array([0.42, 0.1, 0.02, 1.0, 0.0, 0.0, 0.0]),
    "blue_bin": np.array([0.4, -0.22, 0.0, 1.0, 0.0, 0.0, 0.0]),
}
INSTRUCTION = "Put the red cube into the blue bin."


def observe(embodiment: Embodiment, joints: FloatArray, seconds: float, **changes: object) -> Observation:
    values: dict[str, object] = {
        "images": (),
        "state": state_vector(embodiment, np.append(joints, 0.0)),
        "state_stamp_ns": round((100 + seconds) * SECOND),
        "instruction": INSTRUCTION,
        "objects": OBJECTS,
    }
    return Observation(**(values | changes))  # type: ignore[arg-type]


def policy_for(embodiment: Embodiment) -> ScriptedPolicy:
    policy = ScriptedPolicy(embodiment)
    policy.reset(INSTRUCTION)
    return policy


def joint_rows(embodiment: Embodiment, actions: FloatArray) -> FloatArray:
    if actions.shape[1] == len(embodiment.joint_names) + 1:
        return actions[:, :-1]
    rows, seed = [], embodiment.home
    for action in actions:
        seed = embodiment.chain.inverse(pose_from_components(action[:-1]), seed)
        rows.append(seed)
    return np.stack(rows)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_chunk_starts_at_the_arm_and_moves_gently(name: str) -> None:
    embodiment = Embodiment.load(name)
    actions = policy_for(embodiment).infer(observe(embodiment, embodiment.home, 0.0))
    assert actions.shape == (embodiment.action.horizon, len(embodiment.action.names))
    joints = np.vstack([embodiment.home, joint_rows(embodiment, actions)])
    velocity = np.diff(joints, axis=0) / embodiment.action.step_period
    acceleration = np.diff(velocity, axis=0) / embodiment.action.step_period
    limits = embodiment.arm.motion_limits
    assert 0.2 < np.abs(velocity).max() <= limits.velocity
    assert np.abs(acceleration).max() <= limits.acceleration
    assert np.abs(np.diff(joints, axis=0)).max() < embodiment.action.max_step


@pytest.mark.parametrize("name", ROBOTS)
def test_the_way_leads_above_the_item(name: str) -> None:
    embodiment = Embodiment.load(name)
    policy = policy_for(embodiment)
    actions = policy.infer(observe(embodiment, embodiment.home, 0.0))
    tool = embodiment.chain.forward(joint_rows(embodiment, actions)[-1])
    home = embodiment.chain.forward(embodiment.home)
    above = np.array([0.42, 0.1, 0.12])
    assert np.linalg.norm(tool[:3, 3] - above) < 0.5 * np.linalg.norm(home[:3, 3] - above)
    np.testing.assert_allclose(tool[:3, 2], (0.0, 0.0, -1.0), atol=1e-4)


def test_a_following_arm_gets_chunks_that_continue_each_other() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    policy = policy_for(embodiment)
    first = policy.infer(observe(embodiment, embodiment.home, 0.0))
    # After 0.35 s the arm is half-way between the third and the fourth row, 0.1 rad behind at the most.
    arm = 0.5 * (first[2, :-1] + first[3, :-1])
    second = policy.infer(observe(embodiment, arm - 0.01, 0.35))
    expected = 0.5 * (first[3, :-1] + first[4, :-1])
    np.testing.assert_allclose(second[0, :-1], expected, atol=0.012)
    speed_before = np.abs(first[4, :-1] - first[3, :-1]).max()
    assert np.abs(second[1, :-1] - second[0, :-1]).max() > 0.8 * speed_before


def test_an_arm_that_is_elsewhere_gets_a_chunk_from_where_it_is() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    policy = policy_for(embodiment)
    policy.infer(observe(embodiment, embodiment.home, 0.0))
    elsewhere = embodiment.home + np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    second = policy.infer(observe(embodiment, elsewhere, 0.35))
    assert np.abs(second[0, :-1] - elsewhere).max() < 0.05


def test_a_late_observation_starts_the_plan_over() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    policy = policy_for(embodiment)
    policy.infer(observe(embodiment, embodiment.home, 0.0))
    second = policy.infer(observe(embodiment, embodiment.home, 5.0))
    assert np.abs(second[0, :-1] - embodiment.home).max() < 0.05


def test_the_same_observations_give_the_same_actions() -> None:
    embodiment = Embodiment.load("xarm6_gripper")
    policy = policy_for(embodiment)
    first = policy.infer(observe(embodiment, embodiment.home, 0.0))
    policy.reset(INSTRUCTION)
    np.testing.assert_array_equal(policy.infer(observe(embodiment, embodiment.home, 0.0)), first)


def test_a_finished_errand_leads_home() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    policy = policy_for(embodiment)
    done = OBJECTS | {"red_cube": np.array([0.4, -0.22, 0.026, 1.0, 0.0, 0.0, 0.0])}
    policy.infer(observe(embodiment, embodiment.home, 0.0, objects=done))
    assert policy.phase is Phase.HOME


def test_an_observation_without_objects_is_refused() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    with pytest.raises(Zr0Error, match=re.escape("set the policy node's privileged_topic to /sim/status")):
        policy_for(embodiment).infer(observe(embodiment, embodiment.home, 0.0, objects={}))


def test_an_instruction_about_other_things_is_refused() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    with pytest.raises(Zr0Error, match="names neither; on the table: blue_bin, red_cube"):
        policy_for(embodiment).infer(observe(embodiment, embodiment.home, 0.0, instruction="Make tea."))


def test_an_item_out_of_reach_is_refused() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    policy = policy_for(embodiment)
    far = OBJECTS | {"red_cube": np.array([2.0, 0.0, 0.02, 1.0, 0.0, 0.0, 0.0])}
    joints = embodiment.home

    def chase() -> None:
        nonlocal joints
        for number in range(30):
            joints = policy.infer(observe(embodiment, joints, 1.5 * number, objects=far))[14, :-1]

    with pytest.raises(KinematicsError, match="no joint positions within limits reach tool position"):
        chase()


def test_it_is_installed_as_a_policy() -> None:
    context = PolicyContext(embodiment=Embodiment.load("xarm7_gripper"), checkpoint="", device="cpu", seed=0)
    policy = make_policy("scripted", context)
    assert (policy.name, policy.is_trained) == ("scripted", True)
