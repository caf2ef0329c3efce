"""What the arm's codes mean.

Source: UFACTORY xArm user manual, appendix "Error reporting and handling"; xArm Developer manual, state and mode
tables.
"""

EMERGENCY_STOP_ERRORS = (1, 2, 3)
"""Errors that a person caused by pressing a stop."""

_ERRORS = {
    1: ("the emergency stop button of the control box is pressed", "release it"),
    2: ("the emergency stop input of the control box is open", "close the two EI inputs"),
    3: ("the emergency stop of the three-state switch is pressed", "release it"),
    10: ("a servo motor failed", "restart the control box"),
    18: ("the force-torque sensor does not answer", "check its cable"),
    19: ("the end effector does not answer", "check that it is fitted and its baud rate is right"),
    21: ("the pose has no kinematic solution", "plan another path"),
    22: ("the arm was about to collide with itself", "move it apart in manual mode, then plan another path"),
    23: ("a joint is beyond its limit", "move it back by hand in manual mode or from UFACTORY Studio"),
    24: ("a speed limit was exceeded", "check for poses near a singularity, and move slower"),
    25: ("the motion could not be planned", "plan another path or move slower"),
    26: ("the control box lost its real-time clock", "restart it, and ask UFACTORY if this repeats"),
    27: ("the arm did not answer the control box", "try again, then restart the control box"),
    28: ("the end module does not answer", "restart the control box"),
    30: ("a measured speed exceeded its limit", "ask UFACTORY if this repeats"),
    31: ("a collision: a motor drew abnormal current", "clear the obstacle; check payload and collision sensitivity"),
    32: ("the circle through three points has no solution", "choose other points"),
    33: ("the inputs and outputs of the control box failed", "check their wiring and restart it"),
    34: ("the recording ran too long", "record at most five minutes"),
    35: ("the arm reached its safety boundary", "move it back in manual mode"),
    36: ("too many delayed commands are waiting", "send fewer"),
    37: ("the arm moved by itself in manual mode", "check payload and mounting settings"),
    38: ("a joint angle is abnormal", "press the emergency stop and ask UFACTORY"),
    39: ("the power board failed", "ask UFACTORY"),
    40: ("no joint path without error exists", "choose another pose"),
    41: ("the friction file is invalid", "restart the control box"),
    42: ("the calibration file is invalid", "restart the control box"),
    50: ("the force-torque sensor cannot be read", "check its cable"),
    51: ("the force-torque sensor refuses its mode", "restart the control box"),
    52: ("the force-torque sensor cannot be zeroed", "unload it and try again"),
    53: ("the force-torque sensor is overloaded", "remove the load"),
    60: ("the tool moved too fast in servo mode", "lower the velocity limit of the embodiment"),
    110: ("the base board of the arm does not answer", "ask UFACTORY"),
    111: ("the external RS485 device of the control box does not answer", "check its cable"),
}
_WARNINGS = {
    11: "the command queue is full",
    12: "a command had a bad parameter",
    13: "a command is unknown to this firmware",
    14: "a command has no solution",
    15: "the Modbus queue is full",
}
_STATES = {
    0: "ready",
    1: "moving",
    2: "ready",
    3: "paused",
    4: "stopped",
    5: "configuration changed",
    6: "stopping",
}


def describe_error(code: int) -> str:
    """Say what an error code of the control box means and what to do."""
    if 11 <= code <= 17:
        return f"error C{code}: the motor of joint {code - 10} failed; restart the control box, then recover"
    what, remedy = _ERRORS.get(code, ("not in this list", "look it up in the xArm user manual"))
    return f"error C{code}: {what}; {remedy}, then recover"


def describe_warning(code: int) -> str:
    """Say what a warning code of the control box means."""
    return f"warning W{code}: {_WARNINGS.get(code, 'not in this list; look it up in the xArm user manual')}"


def describe_state(state: int) -> str:
    """Say what a state of the arm means."""
    return _STATES.get(state, "unknown")
