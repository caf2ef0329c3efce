"""Turn the SDK's return codes into errors.

Source: xArm Python SDK, `xarm/x3/code.py` and "xarm_api_code.md".
"""

from zr0_xarm.errors import ArmError, ArmFaultError, ArmLinkError, ArmNotReadyError, ArmReplyTimeoutError

_MEANINGS: dict[int, tuple[type[ArmError], str]] = {
    -1: (ArmLinkError, "the link to the control box is down"),
    -2: (ArmNotReadyError, "the motors are off or the arm is stopped"),
    -3: (ArmError, "the SDK failed"),
    -4: (ArmError, "this firmware does not know the command"),
    -6: (ArmError, "the pose is beyond a Cartesian limit"),
    -7: (ArmError, "a joint is beyond its limit"),
    -8: (ArmError, "a value is out of range"),
    -9: (ArmNotReadyError, "the arm is stopped"),
    1: (ArmFaultError, "the control box has an error that must be cleared"),
    3: (ArmReplyTimeoutError, "the control box did not answer in time"),
    4: (ArmLinkError, "a reply of the control box has the wrong length"),
    5: (ArmLinkError, "a reply of the control box has the wrong number"),
    6: (ArmLinkError, "a reply of the control box has the wrong protocol"),
    7: (ArmLinkError, "a reply of the control box is for another command"),
    8: (ArmLinkError, "the command could not be sent"),
    9: (ArmNotReadyError, "the arm is not ready to move: stopped, disabled, or in another mode"),
    10: (ArmError, "the control box calls the command invalid"),
    11: (ArmError, "the control box reports an unnamed problem"),
    12: (ArmError, "the control box calls a parameter wrong"),
    19: (ArmError, "the end effector does not answer"),
    20: (ArmError, "the wrong device answered on RS485"),
    21: (ArmError, "the baud rate is not supported"),
    22: (ArmError, "the baud rate of the end effector is wrong"),
    23: (ArmError, "a Modbus reply has the wrong length"),
    51: (ArmNotReadyError, "the arm is in the wrong mode"),
    100: (ArmReplyTimeoutError, "the motion did not finish in time"),
    101: (ArmError, "the state could not be read while waiting"),
    102: (ArmError, "the end effector has an error"),
    103: (ArmError, "the end effector is not enabled"),
}
REPLY_TIMED_OUT = 3
OK = (0, 2)
"""Done; done, with a warning pending."""


def check(code: int, what: str) -> None:
    """Raise the error that a return code stands for.

    Args:
        code: What the SDK returned.
        what: What was asked for, for the message.

    Raises:
        ArmError: Of the kind that the code means, unless the code means success.
    """
    if code in OK:
        return
    kind, meaning = _MEANINGS.get(code, (ArmError, "a code that the SDK does not document"))
    raise kind(f"{what}: {meaning} (SDK code {code})")
