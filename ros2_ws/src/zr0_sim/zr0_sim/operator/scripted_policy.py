"""A policy that solves pick-and-place tasks from ground truth, closed loop, in the embodiment's own action space."""

import bisect
import math
from dataclasses import dataclass, replace

import numpy as np
from zr0_core.embodiment import POSE_NAMES, ActionSpace, Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext
from zr0_core.types import FloatArray, Observation, Overlap
from zr0_core.vectors import pose_components, pose_from_components

from zr0_sim.operator.errand import Errand, errand_from
from zr0_sim.operator.pick_and_place import HOLDING_PHASES, Phase, Scene, goal_of, next_phase
from zr0_sim.operator.tool_motion import ToolMotion, advance, at_rest, blend

JOINT_SPEED_SHARE = 0.85
"""Part of the embodiment's motion velocity limit that a chunk uses."""
REANCHOR_DISTANCE = 0.2
"""When a joint is this far from where the last chunk put it, the plan starts over from the measurement, rad."""
STILL_DRIVE_SPEED = 0.15
"""A gripper drive slower than this stands still, rad/s."""


@dataclass(frozen=True, kw_only=True)
class Knot:
    """The plan at one moment."""

    time_ns: int
    """Nanoseconds since the epoch."""
    motion: ToolMotion
    """The tool."""
    joints: FloatArray
    """Arm joint positions (N,), rad."""
    drive: float
    """Gripper drive position, rad."""


class ScriptedPolicy:
    """Picks up the item that the instruction names first and puts it on the target that it names second.

    Each inference decides the present step from the observation, then rolls the plan forward over the horizon. It
    starts from the previous plan at the observation's time, velocity included, so that consecutive chunks agree; when
    the arm is elsewhere, it starts from the arm, at rest.

    Args:
        embodiment: The robot.
    """

    name = "scripted"
    is_trained = True
    is_guided = False

    def __init__(self, embodiment: Embodiment) -> None:
        self._embodiment = embodiment
        self._home_tool = embodiment.chain.forward(embodiment.home)[:3, 3]
        self._instruction = ""
        self._plan: list[Knot] = []
        self.phase = Phase.REACH
        """The present step."""
        self._phase_start_ns = 0
        self._last_drive = (0, 0.0)

    def reset(self, instruction: str) -> None:
        """Forget the past and begin an episode on an instruction, in words."""
        self._instruction = instruction
        self._plan = []
        self.phase = Phase.REACH
        self._phase_start_ns = 0
        self._last_drive = (0, 0.0)

    def infer(self, observation: Observation, overlap: Overlap | None = None) -> FloatArray:  # noqa: ARG002
        """Return actions (H, A), SI units, in the embodiment's action order; the overlap is not looked at.

        Raises:
            Zr0Error: The observation holds no object poses, or the instruction does not name two of the objects.
            KinematicsError: The way leads out of the arm's reach.
        """
        if not observation.objects:
            raise Zr0Error(
                "the scripted policy needs the true poses of the objects, and the observation holds none; it works in "
                "simulation only: set the policy node's privileged_topic to /sim/status"
            )
        errand = errand_from(observation.instruction or self._instruction, observation.objects)
        stamp = observation.newest_stamp_ns
        joints, drive = self._read_state(observation.state)
        tool = at_rest(self._embodiment.chain.forward(joints))
        scene = self._see(observation, errand, tool, drive)
        for _ in Phase:
            following = next_phase(self.phase, scene)
            if following is self.phase:
                break
            self.phase, self._phase_start_ns = following, stamp
            scene = replace(scene, time_in_phase=0.0)
        self._last_drive = (observation.state_stamp_ns, drive)
        start = self._start(stamp, joints, drive, tool)
        self._plan = self._roll_out(start, scene)
        return np.stack([self._action(knot) for knot in self._plan[1:]])

    def _read_state(self, state: FloatArray) -> tuple[FloatArray, float]:
        """Return arm joint positions (N,), rad, and the gripper drive position, rad."""
        embodiment = self._embodiment
        values = dict(zip(embodiment.state.names, state.tolist(), strict=True))
        if embodiment.gripper.joint not in values:
            raise Zr0Error(f"the scripted policy needs {embodiment.gripper.joint!r} in the state vector")
        drive = values[embodiment.gripper.joint]
        if all(name in values for name in embodiment.joint_names):
            return np.array([values[name] for name in embodiment.joint_names]), drive
        if not all(name in values for name in POSE_NAMES):
            raise Zr0Error(
                f"the scripted policy needs all joints or the whole tool pose in the state vector, got "
                f"{', '.join(embodiment.state.names)}"
            )
        pose = pose_from_components(np.array([values[name] for name in POSE_NAMES]))
        seed = self._plan[0].joints if self._plan else embodiment.home
        return embodiment.chain.inverse(pose, seed), drive

    def _see(self, observation: Observation, errand: Errand, tool: ToolMotion, drive: float) -> Scene:
        item, target = observation.objects[errand.item], observation.objects[errand.target]
        before_ns, before = self._last_drive
        gripper = self._embodiment.gripper
        elapsed = (observation.state_stamp_ns - before_ns) / 1e9
        if self._phase_start_ns == 0:
            self._phase_start_ns = observation.newest_stamp_ns
        return Scene(
            tool=tool.position,
            yaw=tool.yaw,
            closedness=(drive - gripper.open) / (gripper.closed - gripper.open),
            is_gripper_still=before_ns > 0 and abs(drive - before) < STILL_DRIVE_SPEED * elapsed,
            item=item[:3],
            item_yaw=_side_yaw(item[3:]),
            target=target[:3],
            time_in_phase=(observation.newest_stamp_ns - self._phase_start_ns) / 1e9,
        )

    def _start(self, stamp_ns: int, joints: FloatArray, drive: float, tool: ToolMotion) -> Knot:
        """Return the previous plan at a time, or the measurement where the arm does not follow it."""
        if self._plan and self._plan[0].time_ns <= stamp_ns < self._plan[-1].time_ns:
            index = bisect.bisect_right([knot.time_ns for knot in self._plan], stamp_ns)
            first, second = self._plan[index - 1], self._plan[index]
            share = (stamp_ns - first.time_ns) / (second.time_ns - first.time_ns)
            planned = (1.0 - share) * first.joints + share * second.joints
            if np.abs(planned - joints).max() < REANCHOR_DISTANCE:
                return Knot(
                    time_ns=stamp_ns,
                    motion=blend(first.motion, second.motion, share),
                    joints=planned,
                    drive=(1.0 - share) * first.drive + share * second.drive,
                )
        return Knot(time_ns=stamp_ns, motion=tool, joints=joints, drive=drive)

    def _roll_out(self, start: Knot, scene: Scene) -> list[Knot]:
        """Return the plan: the start and one knot for each row of the chunk."""
        action = self._embodiment.action
        gripper = self._embodiment.gripper
        period_ns = round(action.step_period * 1e9)
        phase = self.phase
        plan = [start]
        scene = replace(scene, tool=start.motion.position, yaw=start.motion.yaw)
        for _ in range(action.horizon):
            before = plan[-1]
            goal = goal_of(phase, scene, self._home_tool)
            drive_goal = gripper.closed if goal.is_closed else gripper.open
            largest = gripper.velocity * action.step_period
            drive = before.drive + min(max(drive_goal - before.drive, -largest), largest)
            motion, joints = self._move(before, goal.position, goal.yaw, goal.speed)
            plan.append(Knot(time_ns=before.time_ns + period_ns, motion=motion, joints=joints, drive=drive))
            scene = replace(
                scene,
                tool=motion.position,
                yaw=motion.yaw,
                closedness=(drive - gripper.open) / (gripper.closed - gripper.open),
                item=motion.position if phase in HOLDING_PHASES else scene.item,
                time_in_phase=scene.time_in_phase + action.step_period,
            )
            if phase is Phase.CLOSE:
                # How far the fingers close depends on the item: only seeing it ends this step.
                continue
            following = next_phase(phase, scene)
            if following is not phase:
                phase, scene = following, replace(scene, time_in_phase=0.0)
        return plan

    def _move(self, before: Knot, goal: FloatArray, yaw: float, speed: float) -> tuple[ToolMotion, FloatArray]:
        """Advance by one row, slowed down where a joint would exceed its speed."""
        period = self._embodiment.action.step_period
        largest = JOINT_SPEED_SHARE * self._embodiment.arm.motion_limits.velocity * period
        duration = period
        while True:
            motion = advance(before.motion, goal, yaw, duration, speed)
            joints = self._embodiment.chain.inverse(motion.pose, before.joints, tolerance=1e-5)
            step = float(np.abs(joints - before.joints).max())
            if step <= largest or duration < 0.05 * period:
                return motion, joints
            duration *= max(0.2, 0.98 * largest / step)

    def _action(self, knot: Knot) -> FloatArray:
        """Return one row (A,) of the chunk."""
        if self._embodiment.action.space is ActionSpace.JOINT_POSITION:
            return np.append(knot.joints, knot.drive)
        return np.append(pose_components(self._embodiment.chain.forward(knot.joints)), knot.drive)


def make_scripted_policy(context: PolicyContext) -> ScriptedPolicy:
    """Build the policy for `zr0_core.policy.make_policy`."""
    return ScriptedPolicy(context.embodiment)


def _side_yaw(quaternion: FloatArray) -> float:
    """Return the turn about the vertical of a box's sides, rad, whichever of its faces is up."""
    w, x, y, z = quaternion
    first = np.array([1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)])
    second = np.array([2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)])
    side = first if abs(first[2]) < abs(second[2]) else second
    return math.atan2(side[1], side[0])
