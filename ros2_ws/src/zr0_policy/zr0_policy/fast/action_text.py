"""Action tokens as they are written in ZR-0's answers."""

import re
from collections.abc import Sequence

from zr0_policy.fast.errors import ActionTokenError

NUM_ACTION_TOKENS = 2048
"""Action tokens in ZR-0's vocabulary. Source: the published list of added tokens."""

_TOKEN = re.compile(r"<robot_action_(0|[1-9][0-9]{0,3})>")
_SHOWN = 30


def format_action_tokens(ids: Sequence[int]) -> str:
    """Write ids, each 0 to 2047, as `<robot_action_i>` one after the other.

    Raises:
        ActionTokenError: An id is out of range.
    """
    for position, index in enumerate(ids):
        if not 0 <= index < NUM_ACTION_TOKENS:
            raise ActionTokenError(f"id {position} of {len(ids)} is {index}, expected 0 to {NUM_ACTION_TOKENS - 1}")
    return "".join(f"<robot_action_{index:d}>" for index in ids)


def parse_action_tokens(text: str) -> tuple[int, ...]:
    """Read the ids back: the inverse of `format_action_tokens`.

    Args:
        text: `<robot_action_i>` one after the other and nothing else, not even space; empty for no ids.

    Raises:
        ActionTokenError: Something else is in the text, or an id is out of range.
    """
    ids: list[int] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or int(match[1]) >= NUM_ACTION_TOKENS:
            raise ActionTokenError(
                f"character {position} of the action tokens begins {text[position : position + _SHOWN]!r}, expected "
                f"<robot_action_0> to <robot_action_{NUM_ACTION_TOKENS - 1}> and nothing between them"
            )
        ids.append(int(match[1]))
        position = match.end()
    return tuple(ids)
