import numpy as np
import pytest
from zr0_policy.fast.action_text import NUM_ACTION_TOKENS, format_action_tokens, parse_action_tokens
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.preprocessing import tokens


def test_the_tokens_are_those_of_the_model() -> None:
    assert NUM_ACTION_TOKENS == 2048
    assert tuple(format_action_tokens([index]) for index in range(NUM_ACTION_TOKENS)) == tokens.ACTION_TOKENS


def test_ids_are_written_one_after_the_other() -> None:
    assert format_action_tokens([0, 343, 2047]) == "<robot_action_0><robot_action_343><robot_action_2047>"
    assert format_action_tokens([]) == ""


def test_text_gives_back_every_id() -> None:
    ids = tuple(np.random.default_rng(0).permutation(NUM_ACTION_TOKENS).tolist())
    assert parse_action_tokens(format_action_tokens(ids)) == ids
    assert parse_action_tokens("") == ()


@pytest.mark.parametrize("index", [-1, 2048])
def test_an_id_that_is_no_action_token_is_not_written(index: int) -> None:
    with pytest.raises(ActionTokenError, match=rf"id 1 of 2 is {index}, expected 0 to 2047"):
        format_action_tokens([3, index])


@pytest.mark.parametrize(
    ("text", "position", "shown"),
    [
        ("<robot_action_1> <robot_action_2>", 16, r"' <robot_action_2>'"),
        ("<robot_action_1>\n", 16, r"'\\n'"),
        ("[<robot_action_1>", 0, r"'\[<robot"),
        ("<robot_action_1><robot_action_2", 16, r"'<robot_action_2'"),
        ("<robot_action_2048>", 0, r"'<robot_action_2048>'"),
        ("<robot_action_99999>", 0, r"'<robot_action_99999>'"),
        ("<robot_action_-1>", 0, r"'<robot_action_-1>'"),
        ("<robot_action_01>", 0, r"'<robot_action_01>'"),
        ("<robot_action_1\N{ARABIC-INDIC DIGIT ONE}>", 0, r"'<robot_action_1"),
        ("<robot_action_>", 0, r"'<robot_action_>'"),
        ("<ROBOT_ACTION_1>", 0, r"'<ROBOT_ACTION_1>'"),
        ("<robot_action_5></SUB_TASK>", 16, r"'</SUB_TASK>'"),
    ],
)
def test_anything_else_in_the_text_is_refused(text: str, position: int, shown: str) -> None:
    with pytest.raises(
        ActionTokenError,
        match=rf"character {position} of the action tokens begins {shown}.*expected <robot_action_0> to "
        "<robot_action_2047> and nothing between them",
    ):
        parse_action_tokens(text)


def test_a_fraction_is_not_written() -> None:
    with pytest.raises(ValueError, match="Unknown format code 'd'"):
        format_action_tokens([3.0])  # type: ignore[list-item]


def test_a_long_text_is_not_repeated_whole_in_the_message() -> None:
    with pytest.raises(ActionTokenError, match=r"begins 'x{30}', expected"):
        parse_action_tokens("x" * 1000)
