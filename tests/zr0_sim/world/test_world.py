import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_sim.tasks.registry import make_task
from zr0_sim.world.objects import Part, SceneObject, Shape
from zr0_sim.world.table_view import TableView
from zr0_sim.world.world import World

EMBODIMENT = Embodiment.load("xarm7_gripper")
CUBE = Part(shape=Shape.BOX, size=(0.02, 0.02, 0.02), rgb=(1.0, 0.0, 0.0))


def test_objects_rest_where_they_are_put() -> None:
    task = make_task("pick_place")
    world = World(EMBODIMENT, task.objects)
    poses = task.set_up(4).poses
    world.place_objects(poses)
    world.step(500)
    settled = TableView(world).read(world.snapshot()).objects
    assert set(settled) == set(poses)
    for name, pose in poses.items():
        np.testing.assert_allclose(settled[name], pose, atol=1.5e-3)


def test_a_snapshot_does_not_change_with_the_world() -> None:
    world = World(EMBODIMENT, ())
    view, snapshot = TableView(world), world.snapshot()
    before = view.read(snapshot)
    world.place_arm(EMBODIMENT.home + 0.2, 0.03)
    np.testing.assert_array_equal(view.read(snapshot).pose_base_tool, before.pose_base_tool)
    after = view.read(world.snapshot())
    np.testing.assert_allclose(after.pose_base_tool, EMBODIMENT.chain.forward(EMBODIMENT.home + 0.2))
    assert before.finger_gap == pytest.approx(0.085)
    assert after.finger_gap == pytest.approx(0.03)


def test_another_scene_takes_over_the_arm() -> None:
    world, other = World(EMBODIMENT, ()), World(EMBODIMENT, make_task("pick_place").objects)
    world.place_arm(EMBODIMENT.home + 0.1, 0.05)
    other.take_arm_from(world)
    np.testing.assert_allclose(other.joint_positions, EMBODIMENT.home + 0.1)
    assert other.finger_gap == pytest.approx(0.05)


def test_poses_for_other_objects_are_refused() -> None:
    world = World(EMBODIMENT, (SceneObject(name="red_cube", parts=(CUBE,)),))
    with pytest.raises(ValueError, match=r"poses must be given for exactly \['red_cube'\], got \['cup'\]"):
        world.place_objects({"cup": np.zeros(7)})


def test_two_objects_of_one_name_are_refused() -> None:
    item = SceneObject(name="red_cube", parts=(CUBE,))
    with pytest.raises(ValueError, match="object names must be unique"):
        World(EMBODIMENT, (item, item))


def test_an_object_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="object 'ghost' has no parts"):
        SceneObject(name="ghost", parts=())
    with pytest.raises(ValueError, match=r"object 'ghost': mass is 0.0 kg, expected more than 0"):
        SceneObject(name="ghost", parts=(CUBE,), mass=0.0)
