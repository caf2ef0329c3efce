"""Errors of the arm and of requests that it cannot fulfil."""

from zr0_core.errors import Zr0Error


class ArmError(Zr0Error):
    """The arm, its control box or the link to it does not do what was asked."""


class ArmConnectionError(ArmError):
    """The control box cannot be reached, or is not the one that the embodiment describes."""


class ArmLinkError(ArmError):
    """The link to the control box is down."""


class ArmReplyTimeoutError(ArmError):
    """The control box did not answer a command in time."""


class ArmNotReadyError(ArmError):
    """The arm is stopped, disabled, or in the wrong mode: it took the command but will not move."""


class ArmFaultError(ArmError):
    """The control box reports an error that must be cleared first."""


class RequestRefusedError(Zr0Error):
    """An operator's request makes no sense in the controller's present state."""
