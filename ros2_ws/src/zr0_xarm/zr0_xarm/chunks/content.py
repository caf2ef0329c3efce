"""Refuse chunks whose content is wrong whenever they arrive."""

import numpy as np
from zr0_core.embodiment import ActionSpace, Embodiment
from zr0_core.errors import KinematicsError
from zr0_core.types import ActionChunk, FloatArray
from zr0_core.vectors import pose_from_components

from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.status import Reason

GRIPPER_SLACK = 0.05
"""How far beyond open or closed a gripper value may lie before the chunk is refused, rad. It is then clipped."""
POSITION_SLACK = 1e-6
"""How far beyond a joint limit a row may lie, rad: rounding only."""


def check_identity(chunk: ActionChunk, embodiment: Embodiment) -> None:
    """Refuse a chunk that was made for another robot or another layout.

    Raises:
        RefusalError: Embodiment, hash, names, shape or step period differ from the robot's, or a value is not finite.
    """
    if chunk.embodiment != embodiment.name:
        raise RefusalError(f"it is for embodiment {chunk.embodiment!r}, this robot is {embodiment.name!r}")
    if chunk.embodiment_hash != embodiment.content_hash:
        raise RefusalError(
            f"it is for another version of embodiment {embodiment.name!r}: content hash "
            f"{chunk.embodiment_hash[:12] or 'missing'}, this robot has {embodiment.content_hash[:12]}; "
            "start policy and controller with the same embodiment file"
        )
    if chunk.names != embodiment.action.names:
        raise RefusalError(f"its columns are {', '.join(chunk.names)}, expected {', '.join(embodiment.action.names)}")
    if chunk.actions.ndim != 2 or chunk.actions.shape[1] != len(chunk.names) or not len(chunk.actions):
        raise RefusalError(f"its actions have shape {chunk.actions.shape}, expected (horizon, {len(chunk.names)})")
    if abs(chunk.step_period_s - embodiment.action.step_period) > 1e-6:
        raise RefusalError(
            f"its step period is {chunk.step_period_s} s, this robot's is {embodiment.action.step_period} s"
        )
    bad = np.argwhere(~np.isfinite(chunk.actions))
    if len(bad):
        row, column = bad[0]
        raise RefusalError(f"row {row} asks {chunk.names[column]} to go to {chunk.actions[row, column]}")


def joint_rows(chunk: ActionChunk, embodiment: Embodiment, seed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Turn the rows of a chunk into joint positions and gripper positions.

    Args:
        chunk: Passed `check_identity`.
        embodiment: The robot.
        seed: Commanded joint positions (N,), rad: where inverse kinematics starts.

    Returns:
        Joint positions (H, N) and gripper drive positions (H,), rad.

    Raises:
        RefusalError: An end-effector pose cannot be reached or is not a pose, or a gripper value is out of range.
    """
    gripper = chunk.actions[:, -1]
    lower, upper = sorted((embodiment.gripper.open, embodiment.gripper.closed))
    outside = np.flatnonzero((gripper < lower - GRIPPER_SLACK) | (gripper > upper + GRIPPER_SLACK))
    if len(outside):
        row = outside[0]
        raise RefusalError(f"row {row} asks the gripper to go to {gripper[row]:.3f} rad, outside [{lower}, {upper}]")
    if embodiment.action.space is ActionSpace.JOINT_POSITION:
        rows = chunk.actions[:, :-1]
    else:
        rows = _solve_poses(chunk, embodiment, seed)
    return rows, np.clip(gripper, lower, upper)


def _solve_poses(chunk: ActionChunk, embodiment: Embodiment, seed: FloatArray) -> FloatArray:
    rows = []
    for index, action in enumerate(chunk.actions):
        try:
            seed = embodiment.chain.inverse(pose_from_components(action[:-1]), seed)
        except KinematicsError as error:
            raise RefusalError(f"row {index}: {error}", Reason.WORKSPACE) from error
        rows.append(seed)
    return np.stack(rows)


def check_rows(rows: FloatArray, embodiment: Embodiment, lower: FloatArray, upper: FloatArray) -> None:
    """Refuse joint rows that leave the limits, or jump.

    Args:
        rows: Joint positions (K, N), rad.
        embodiment: The robot.
        lower: Lower position limits (N,), rad.
        upper: Upper position limits (N,), rad.

    Raises:
        RefusalError: With the first row and joint that is wrong.
    """
    bad = np.argwhere((rows < lower - POSITION_SLACK) | (rows > upper + POSITION_SLACK))
    if len(bad):
        row, joint = bad[0]
        raise RefusalError(
            f"row {row} asks {embodiment.joint_names[joint]} to go to {rows[row, joint]:.3f} rad, "
            f"outside its limits [{lower[joint]:.3f}, {upper[joint]:.3f}]"
        )
    steps = np.abs(np.diff(rows, axis=0))
    bad = np.argwhere(steps > embodiment.action.max_step)
    if len(bad):
        row, joint = bad[0]
        raise RefusalError(
            f"{embodiment.joint_names[joint]} jumps by {steps[row, joint]:.3f} rad from row {row} to row {row + 1}, "
            f"limit {embodiment.action.max_step} rad"
        )


def check_workspace(rows: FloatArray, embodiment: Embodiment) -> None:
    """Refuse joint rows (K, N), rad, that lead the tool out of the workspace.

    Raises:
        RefusalError: With the first row that does.
    """
    for index, row_positions in enumerate(rows):
        outside = workspace_excess(embodiment, row_positions)
        if outside:
            raise RefusalError(f"row {index} takes the tool out of the workspace: {outside}", Reason.WORKSPACE)


def workspace_excess(embodiment: Embodiment, positions: FloatArray, margin: float = 0.0) -> str:
    """Say how the tool leaves the workspace at joint positions (N,), rad; empty when it does not.

    Args:
        embodiment: The robot.
        positions: Joint positions (N,), rad.
        margin: How far outside is still inside, m.
    """
    tool = embodiment.chain.forward(positions)[:3, 3]
    box = embodiment.arm.workspace
    for axis, value, low, high in zip("xyz", tool.tolist(), box.lower, box.upper, strict=True):
        if not low - margin <= value <= high + margin:
            return f"{axis} = {value:.3f} m, allowed [{low}, {high}]"
    return ""
