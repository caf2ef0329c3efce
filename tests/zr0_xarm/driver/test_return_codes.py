import pytest
from zr0_xarm.driver.return_codes import check
from zr0_xarm.errors import ArmError, ArmFaultError, ArmLinkError, ArmNotReadyError, ArmReplyTimeoutError


@pytest.mark.parametrize("code", [0, 2])
def test_success_and_pending_warnings_pass(code: int) -> None:
    check(code, "moving")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (-1, ArmLinkError, r"moving: the link to the control box is down \(SDK code -1\)"),
        (1, ArmFaultError, "error that must be cleared"),
        (3, ArmReplyTimeoutError, "did not answer in time"),
        (9, ArmNotReadyError, "not ready to move"),
        (-8, ArmError, "out of range"),
        (77, ArmError, "does not document"),
    ],
)
def test_other_codes_raise_what_they_mean(code: int, kind: type[ArmError], words: str) -> None:
    with pytest.raises(kind, match=words):
        check(code, "moving")
