"""Every reason for which a chunk is refused, and that nothing else is."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.types import ActionChunk, FloatArray
from zr0_core.vectors import pose_components
from zr0_xarm.chunks.gate import ChunkGate
from zr0_xarm.chunks.playback import Playback
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.status import Reason
from zr0_xarm.motion.command_state import CommandState

ROBOT = Embodiment.load("xarm7_gripper")
POSE_ROBOT = Embodiment.load("xarm7_gripper_pose")
NOW = 1_700_000_000_000_000_000
COMMAND = CommandState.at_rest(ROBOT.home)


def chunk(robot: Embodiment = ROBOT, actions: FloatArray | None = None, **changes: object) -> ActionChunk:
    if actions is None:
        actions = np.tile([*ROBOT.home, 0.1], (16, 1))
    good = ActionChunk(
        embodiment=robot.name,
        embodiment_hash=robot.content_hash,
        names=robot.action.names,
        actions=actions,
        step_period_s=0.1,
        observation_stamp_ns=NOW - 150_000_000,
        sequence=7,
        num_executed_assumed=0,
    )
    return dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def admit(message: ActionChunk, previous: Playback | None = None, robot: Embodiment = ROBOT) -> Playback:
    return ChunkGate(robot, robot.lower, robot.upper).admit(message, NOW, COMMAND, previous)


def rows_with(change: Callable[[FloatArray], None]) -> FloatArray:
    actions = np.tile([*ROBOT.home, 0.1], (16, 1))
    change(actions)
    return actions


def put(row: int | slice, column: int, value: float) -> Callable[[FloatArray], None]:
    def change(actions: FloatArray) -> None:
        actions[row, column] = value

    return change


def test_a_good_chunk_is_admitted() -> None:
    playback = admit(chunk())
    assert (playback.sequence, playback.row(NOW), playback.rows_left(NOW)) == (7, 1, 15)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (chunk(embodiment="xarm6"), "chunk 7 refused: it is for embodiment 'xarm6', this robot is 'xarm7_gripper'"),
        (chunk(embodiment_hash="f" * 64), "content hash ffffffffffff, this robot has"),
        (chunk(names=("a",) * 8), "its columns are a, a"),
        (chunk(actions=np.zeros((16, 7))), r"shape \(16, 7\), expected \(horizon, 8\)"),
        (chunk(actions=np.zeros((0, 8))), r"shape \(0, 8\)"),
        (chunk(step_period_s=0.05), "step period is 0.05 s, this robot's is 0.1 s"),
        (chunk(actions=rows_with(put(3, 2, np.nan))), "row 3 asks joint3 to go to nan"),
        (chunk(actions=rows_with(put(5, 7, np.inf))), "row 5 asks drive_joint to go to inf"),
        (chunk(observation_stamp_ns=NOW + 50_000_000), "stamped 0.050 s in the future; synchronise"),
        (chunk(actions=rows_with(put(4, 7, 0.95))), "row 4 asks the gripper to go to 0.950 rad"),
        (chunk(actions=rows_with(put(2, 1, 2.2))), r"joint2 to go to 2.200 rad, outside its limits \[-2.059, 2.094\]"),
        (chunk(actions=rows_with(put(slice(8, 16), 0, 1.0))), "joint1 jumps by 1.000 rad from row 7 to row 8, limit"),
        (chunk(actions=rows_with(put(slice(0, 16), 0, 1.0))), "row 1, which belongs to now, asks joint1 to jump"),
    ],
)
def test_wrong_content_is_refused(bad: ActionChunk, words: str) -> None:
    with pytest.raises(RefusalError, match=words) as caught:
        admit(bad)
    assert caught.value.reason is Reason.CHUNK_REFUSED


def test_an_old_observation_is_stale() -> None:
    with pytest.raises(RefusalError, match=r"observation 0\.600 s old, limit 0\.5 s") as caught:
        admit(chunk(observation_stamp_ns=NOW - 600_000_000))
    assert caught.value.reason is Reason.CHUNK_STALE


def test_a_chunk_whose_rows_have_all_passed_is_stale() -> None:
    with pytest.raises(RefusalError, match="after the time of its last row") as caught:
        admit(chunk(actions=np.tile([*ROBOT.home, 0.1], (2, 1)), observation_stamp_ns=NOW - 300_000_000))
    assert caught.value.reason is Reason.CHUNK_STALE


def test_rows_out_of_the_workspace_are_refused() -> None:
    actions = rows_with(lambda actions: actions.__setitem__((slice(None), 0), np.linspace(0.0, 1.4, 16)))
    with pytest.raises(RefusalError, match=r"row \d+ takes the tool out of the workspace: [xy] = ") as caught:
        admit(chunk(actions=actions))
    assert caught.value.reason is Reason.WORKSPACE


def test_an_arm_out_of_the_workspace_is_not_moved() -> None:
    positions = ROBOT.home
    positions[0] = 1.5
    gate = ChunkGate(ROBOT, ROBOT.lower, ROBOT.upper)
    actions = np.tile([*positions, 0.1], (16, 1))
    with pytest.raises(RefusalError, match=r"out of the workspace already: .*; move it home first"):
        gate.admit(chunk(actions=actions), NOW, CommandState.at_rest(positions), None)


def test_the_sequence_has_to_increase_within_a_run() -> None:
    previous = admit(chunk(sequence=7))
    admit(chunk(sequence=8), previous)
    admit(chunk(sequence=12), previous)
    for sequence in (7, 3):
        with pytest.raises(RefusalError, match="its sequence number does not follow 7"):
            admit(chunk(sequence=sequence), previous)


def test_an_older_observation_than_that_of_the_running_chunk_is_stale() -> None:
    previous = admit(chunk(sequence=7))
    with pytest.raises(RefusalError, match=r"is 0\.100 s older than that of chunk 7") as caught:
        admit(chunk(sequence=8, observation_stamp_ns=NOW - 250_000_000), previous)
    assert caught.value.reason is Reason.CHUNK_STALE


def test_gripper_values_a_little_out_of_range_are_clipped() -> None:
    assert admit(chunk(actions=rows_with(put(slice(None), 7, -0.02)))).gripper(NOW) == 0.0


def test_end_effector_chunks_become_joint_rows() -> None:
    pose = pose_components(ROBOT.chain.forward(ROBOT.home))
    pose[2] -= 0.01
    playback = admit(chunk(POSE_ROBOT, np.tile([*pose, 0.1], (16, 1))), robot=POSE_ROBOT)
    for row in playback.rows:
        assert pose_components(ROBOT.chain.forward(row)) == pytest.approx(pose, abs=1e-5)


def test_end_effector_chunks_obey_the_limits_of_joints() -> None:
    pose = pose_components(ROBOT.chain.forward(ROBOT.home))
    actions = np.tile([*pose, 0.1], (16, 1))
    actions[8:, 1] += 0.25
    with pytest.raises(RefusalError, match=r"joint\d jumps by"):
        admit(chunk(POSE_ROBOT, actions), robot=POSE_ROBOT)


def test_poses_out_of_reach_or_off_the_unit_circle_are_refused() -> None:
    pose = pose_components(ROBOT.chain.forward(ROBOT.home))
    far = np.tile([*pose, 0.1], (16, 1))
    far[:, 0] = 2.0
    with pytest.raises(RefusalError, match="chunk 7 refused: row 0: no joint positions within limits reach") as caught:
        admit(chunk(POSE_ROBOT, far), robot=POSE_ROBOT)
    assert caught.value.reason is Reason.WORKSPACE
    off = np.tile([*pose, 0.1], (16, 1))
    off[:, 3:5] = 0.0
    with pytest.raises(RefusalError, match="from the unit circle"):
        admit(chunk(POSE_ROBOT, off), robot=POSE_ROBOT)
