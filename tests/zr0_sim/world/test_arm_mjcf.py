import dataclasses
import re

import mujoco
import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import EmbodimentError
from zr0_sim.tasks.registry import make_task
from zr0_sim.world.arm_mjcf import FLANGE_BODY
from zr0_sim.world.world import World

ROBOTS = ("xarm6_gripper", "xarm7_gripper")


@pytest.mark.parametrize("name", ROBOTS)
def test_the_simulated_arm_has_the_embodiments_kinematics(name: str) -> None:
    embodiment = Embodiment.load(name)
    world = World(embodiment, ())
    rng = np.random.default_rng(5)
    for _ in range(20):
        positions = rng.uniform(np.maximum(embodiment.lower, -3.0), np.minimum(embodiment.upper, 3.0))
        world.place_arm(positions)
        frames = embodiment.chain.joint_frames(positions)
        for joint, frame in zip(embodiment.joint_names, frames, strict=False):
            body = world.data.body(joint)
            np.testing.assert_allclose(body.xpos, frame[:3, 3], atol=1e-7)
            np.testing.assert_allclose(body.xmat.reshape(3, 3), frame[:3, :3], atol=1e-7)


@pytest.mark.parametrize(
    ("name", "position"), [("xarm6_gripper", (0.207, 0.0, 0.112)), ("xarm7_gripper", (0.206, 0.0, 0.1205))]
)
def test_the_zero_pose_is_the_published_one(name: str, position: tuple[float, float, float]) -> None:
    embodiment = Embodiment.load(name)
    world = World(embodiment, ())
    world.place_arm(np.zeros(len(embodiment.joint_names)))
    np.testing.assert_allclose(world.data.body(FLANGE_BODY).xpos, position, atol=1e-6)


@pytest.mark.parametrize("name", ROBOTS)
def test_the_resting_arm_touches_nothing_and_stays_where_it_is(name: str) -> None:
    embodiment = Embodiment.load(name)
    world = World(embodiment, ())
    world.step(500)
    assert world.data.ncon == 0
    np.testing.assert_allclose(world.joint_positions, embodiment.home, atol=1e-4)


def test_a_folded_arm_feels_itself() -> None:
    world = World(Embodiment.load("xarm7_gripper"), ())
    world.place_arm(np.array([0.0, -1.9, 0.0, 0.3, 0.0, 2.6, 0.0]))  # the gripper in the upper arm
    touching = {
        frozenset(world.model.body(world.model.geom(geom).bodyid[0]).name for geom in (contact.geom1, contact.geom2))
        for contact in world.data.contact
    }
    assert frozenset({"joint2", FLANGE_BODY}) in touching


def test_every_joint_is_as_strong_as_published() -> None:
    world = World(Embodiment.load("xarm7_gripper"), ())
    strength = [world.model.actuator(name).forcerange[1] for name in world.embodiment.joint_names]
    assert strength == [50.0, 50.0, 30.0, 30.0, 30.0, 20.0, 20.0]


def test_the_moving_mass_is_the_published_one() -> None:
    world = World(Embodiment.load("xarm7_gripper"), ())
    links = sum((2.382, 1.869, 1.638, 1.727, 1.32, 1.325, 0.17))
    # Both sides of the gripper: two knuckles and a finger each.
    gripper = 0.542 + 2 * (0.0336 + 0.0483 + 0.0230)
    assert float(world.model.body_subtreemass[world.model.body("joint1").id]) == pytest.approx(
        links + gripper, abs=2e-3
    )


def test_an_arm_without_known_masses_is_refused() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    other = dataclasses.replace(embodiment, arm=dataclasses.replace(embodiment.arm, model="lite6"))
    message = "no masses for arm.model 'lite6' of embodiment 'xarm7_gripper'; available: xarm6, xarm7"
    with pytest.raises(EmbodimentError, match=re.escape(message)):
        World(other, ())


def test_a_model_with_another_number_of_joints_is_refused() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    other = dataclasses.replace(embodiment, arm=dataclasses.replace(embodiment.arm, model="xarm6"))
    with pytest.raises(EmbodimentError, match="'xarm6' has 6 joints, but embodiment 'xarm7_gripper' declares 7"):
        World(other, ())


def test_the_tool_centre_point_is_between_the_finger_pads() -> None:
    embodiment = Embodiment.load("xarm7_gripper")
    world = World(embodiment, make_task("pick_place").objects)
    pads = [world.data.geom(name) for name in ("left_pad", "right_pad")]
    middle = (pads[0].xpos + pads[1].xpos) / 2
    pose = embodiment.chain.forward(embodiment.home)
    along = (middle - pose[:3, 3]) @ pose[:3, 2]
    across = np.linalg.norm((middle - pose[:3, 3]) - along * pose[:3, 2])
    half_pad = float(mujoco.MjModel.geom(world.model, "left_pad").size[2])
    assert across < 1e-6
    assert abs(along) < half_pad
    assert np.linalg.norm(pads[0].xpos - pads[1].xpos) - 2 * 0.0035 == pytest.approx(0.085, abs=1e-6)
