import pytest
from zr0_xarm.codes import describe_error, describe_state, describe_warning


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1, "error C1: the emergency stop button of the control box is pressed; release it, then recover"),
        (14, "error C14: the motor of joint 4 failed; restart the control box, then recover"),
        (99, "error C99: not in this list; look it up in the xArm user manual, then recover"),
    ],
)
def test_errors_are_put_in_words_with_a_remedy(code: int, text: str) -> None:
    assert describe_error(code) == text


def test_warnings_and_states_are_put_in_words() -> None:
    assert describe_warning(11) == "warning W11: the command queue is full"
    assert describe_warning(40).startswith("warning W40: not in this list")
    assert describe_state(4) == "stopped"
    assert describe_state(9) == "unknown"
