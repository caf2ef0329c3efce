import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import FloatArray
from zr0_sim.box.arm_model import ArmModel, transform_from_pose
from zr0_sim.box.codes import ErrorCode, MotionFaultError
from zr0_sim.box.paths import CirclePath, DwellPath, JointPath, LinePath, Path
from zr0_sim.box.settings import Settings

EMBODIMENT = Embodiment.load("xarm7_gripper")
MODEL = ArmModel.of(EMBODIMENT)
LIMITS = {"speed": 100.0, "acceleration": 1000.0, "jerk": 5000.0}


def walk(path: Path, start: FloatArray, steps: int = 60) -> FloatArray:
    """Return the joint positions along a path, (steps + 1, N)."""
    present, walked = start, []
    for index in range(steps + 1):
        present = path.positions(path.duration * index / steps, present)
        walked.append(present)
    return np.array(walked)


def tools(settings: Settings, positions: FloatArray) -> FloatArray:
    return np.array([settings.tool_pose(MODEL, row) for row in positions])


def test_joints_arrive_together_on_a_straight_line() -> None:
    start, goal = np.zeros(7), np.array([0.5, -0.25, 0, 0.1, 0, 0, 0])
    walked = walk(JointPath(start, goal, speed=1.0, acceleration=5.0, jerk=50.0), start)
    assert walked[0].tolist() == start.tolist()
    assert walked[-1] == pytest.approx(goal)
    assert walked[:, 1] == pytest.approx(-0.5 * walked[:, 0])


def test_line_is_straight_and_turns_evenly_whatever_the_tool() -> None:
    settings = Settings(tcp_offset=np.array([0, 0, 172.0, 0, 0, 0.4]))
    start = settings.tool_pose(MODEL, EMBODIMENT.home)
    goal = start @ transform_from_pose(np.array([30.0, 100.0, -40.0, 0, 0, 0.5]))
    path = LinePath(MODEL, settings, start, goal, **LIMITS)
    poses = tools(settings, walk(path, EMBODIMENT.home))
    assert poses[-1] == pytest.approx(goal, abs=1e-5)
    along = goal[:3, 3] - start[:3, 3]
    for pose in poses:
        assert np.linalg.norm(np.cross(pose[:3, 3] - start[:3, 3], along)) < 1e-5
        share = (pose[:3, 3] - start[:3, 3]) @ along / (along @ along)
        turned = np.arccos(np.clip((np.trace(pose[:3, :3] @ start[:3, :3].T) - 1) / 2, -1, 1))
        assert turned == pytest.approx(0.5 * share, abs=2e-3)


def test_pure_rotation_counts_degrees_as_millimetres() -> None:
    settings = Settings()
    start = settings.tool_pose(MODEL, EMBODIMENT.home)
    goal = start @ transform_from_pose(np.array([0, 0, 0, 0, 0, np.radians(50)]))
    path = LinePath(MODEL, settings, start, goal, **LIMITS)
    # 50 degrees at 100 degrees/s; reaching 100 at a jerk of 5000 takes twice the root of 100 / 5000, half of it extra.
    assert path.duration == pytest.approx(0.5 + 2 * np.sqrt(0.02))


def test_circle_goes_round_through_its_points() -> None:
    settings = Settings()
    start = settings.tool_pose(MODEL, EMBODIMENT.home)
    centre = start[:3, 3] + [0.0, 0.04, 0.0]
    second, third = centre + np.array([0.04, 0.0, 0.0]), centre + np.array([0.0, 0.04, 0.0])
    path = CirclePath(MODEL, settings, start, second, third, percent=100.0, **LIMITS)
    poses = tools(settings, walk(path, EMBODIMENT.home, 200))
    radii = np.linalg.norm(poses[:, :3, 3] - centre, axis=1)
    assert radii == pytest.approx(np.full(201, 0.04), abs=1e-5)
    assert poses[-1] == pytest.approx(start, abs=1e-5)
    for point in (second, third):
        assert np.linalg.norm(poses[:, :3, 3] - point, axis=1).min() < 1e-3
    assert poses[:, :3, :3] == pytest.approx(np.broadcast_to(start[:3, :3], (201, 3, 3)), abs=1e-5)


def test_circle_of_points_on_a_line_is_a_planning_error() -> None:
    settings = Settings()
    start = settings.tool_pose(MODEL, EMBODIMENT.home)
    first = start[:3, 3]
    with pytest.raises(MotionFaultError, match="lie on one line") as caught:
        CirclePath(
            MODEL, settings, start, first + np.array([0.1, 0, 0]), first + np.array([0.2, 0, 0]), percent=50.0, **LIMITS
        )
    assert caught.value.code is ErrorCode.PLANNING


def test_dwell_stays() -> None:
    path = DwellPath(0.5)
    assert path.duration == 0.5
    assert path.positions(0.3, EMBODIMENT.home).tolist() == EMBODIMENT.home.tolist()


def test_world_and_tool_offsets_cancel_in_the_flange() -> None:
    settings = Settings(
        tcp_offset=np.array([0, 0, 172.0, 0.1, 0, 0]), world_offset=np.array([500.0, 0, 100.0, 0, 0, np.pi / 2])
    )
    tool = settings.tool_pose(MODEL, EMBODIMENT.home)
    assert settings.flange_pose(tool) == pytest.approx(MODEL.flange.forward(EMBODIMENT.home))
