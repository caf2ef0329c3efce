"""Time-optimal plans: stop, and move to one target. The adapter of the Ruckig library."""

from collections.abc import Sequence

import numpy as np
from ruckig import ControlInterface, InputParameter, Result, Ruckig, Synchronization, Trajectory
from zr0_core.embodiment import MotionLimits
from zr0_core.errors import Zr0Error
from zr0_core.types import FloatArray

from zr0_xarm.motion.command_state import CommandState


class Plan:
    """A jerk-limited motion from one commanded state to rest."""

    def __init__(self, trajectory: Trajectory, duration: float) -> None:
        self._trajectory = trajectory
        self.duration = duration

    def at(self, elapsed: float) -> CommandState:
        """Return the commanded state at a time since the start, s; the end state after the end."""
        found = self._trajectory.at_time(min(max(elapsed, 0.0), self.duration))
        state = CommandState(
            positions=np.array(found[0]), velocities=np.array(found[1]), accelerations=np.array(found[2])
        )
        return CommandState.at_rest(state.positions) if elapsed >= self.duration else state


def plan_stop(state: CommandState, limits: MotionLimits) -> Plan:
    """Plan the fastest stop of every joint by itself.

    Raises:
        Zr0Error: The state is not finite.
    """
    inputs = _inputs(state, limits)
    inputs.control_interface = ControlInterface.Velocity
    inputs.synchronization = Synchronization.No
    inputs.target_velocity = [0.0] * len(state.positions)
    return _calculate(inputs, "stop")


def plan_move(state: CommandState, target: FloatArray, limits: MotionLimits) -> Plan:
    """Plan the fastest motion to rest at a target (N,), rad, all joints arriving together.

    Raises:
        Zr0Error: State or target is not finite, or the state exceeds the limits.
    """
    inputs = _inputs(state, limits)
    inputs.target_position = target.tolist()
    return _calculate(inputs, "move")


def _inputs(state: CommandState, limits: MotionLimits) -> InputParameter:
    count = len(state.positions)
    inputs = InputParameter(count)
    inputs.current_position = state.positions.tolist()
    inputs.current_velocity = state.velocities.tolist()
    inputs.current_acceleration = state.accelerations.tolist()
    inputs.max_velocity = [limits.velocity] * count
    inputs.max_acceleration = [limits.acceleration] * count
    inputs.max_jerk = [limits.jerk] * count
    return inputs


def _calculate(inputs: InputParameter, what: str) -> Plan:
    values: Sequence[float] = [*inputs.current_position, *inputs.current_velocity, *inputs.current_acceleration]
    if not np.isfinite([*values, *inputs.target_position]).all():
        raise Zr0Error(f"cannot plan a {what}: the commanded state or the target is not finite")
    trajectory = Trajectory(inputs.degrees_of_freedom)
    result = Ruckig(inputs.degrees_of_freedom).calculate(inputs, trajectory)
    if result not in (Result.Working, Result.Finished):
        raise Zr0Error(f"cannot plan a {what} from {inputs.current_position} rad: Ruckig answers {result}")
    return Plan(trajectory, float(trajectory.duration))
