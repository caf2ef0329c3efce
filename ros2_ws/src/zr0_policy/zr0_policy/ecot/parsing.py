"""Chains of thought from the text that a model generated: the exact inverse of writing them."""

import itertools
import json
from collections.abc import Collection

from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.reading import read_target_objects, read_to_do
from zr0_policy.ecot.thought import Component, EmbodiedChainOfThought
from zr0_policy.fast.action_text import parse_action_tokens
from zr0_policy.fast.errors import ActionTokenError

_EXCERPT = 30


def parse_thought(text: str, camera_keys: Collection[str]) -> EmbodiedChainOfThought:
    """Read a chain of thought back from its text.

    Only the published form is accepted, byte for byte: whatever is accepted is written the same again.

    Args:
        text: What the model said, without the token that ends its turn.
        camera_keys: Cameras that may have boxes.

    Raises:
        EcotError: The text is not JSON, or a component is missing, unknown, out of order or not as it must be. The
            error names the component, the place, what is there and what should be.
    """
    data = _load(text)
    verdict = data.get(Component.FINISHED, "no such key")
    if verdict not in ("Yes", "No"):
        raise EcotError.at(Component.FINISHED, "", verdict, "'Yes' or 'No'")
    is_finished = verdict == "Yes"
    _require_keys(data, is_finished=is_finished)
    thought = EmbodiedChainOfThought(
        reasoning=_text(data, Component.REASONING),
        is_finished=is_finished,
        to_do=() if is_finished else read_to_do(data[Component.TO_DO]),
        target_objects={} if is_finished else read_target_objects(data[Component.TARGET_OBJECTS], camera_keys),
        action_tokens=_action_tokens(_text(data, Component.ACTION_TOKENS)),
    )
    _require_same(text, thought.to_text())
    return thought


def _load(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + _EXCERPT] or "the end of the text"
        raise EcotError.at(
            _component_at(text, error.pos), f"line {error.lineno} column {error.colno}", found, f"JSON: {error.msg}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise EcotError(f"the answer of {len(text)} characters cannot be read as JSON: {error}") from error
    if not isinstance(data, dict):
        raise EcotError.at("the answer", "", data, "a JSON object")
    return data


def _component_at(text: str, position: int) -> str:
    """The component whose key stands last before a position."""
    places = {component.value: text.rfind(f'"{component}"', 0, position) for component in Component}
    last = max(places, key=lambda component: places[component])
    return last if places[last] >= 0 else "the answer"


def _require_keys(data: dict[str, object], *, is_finished: bool) -> None:
    only_unfinished = (Component.TO_DO, Component.TARGET_OBJECTS)
    expected = [key for key in Component if not (is_finished and key in only_unfinished)]
    for key in expected:
        if key not in data:
            raise EcotError.at(key, "", "no such key", f"one, as {Component.FINISHED} is {data[Component.FINISHED]!r}")
    for got, wanted in zip(data, [*expected, None], strict=False):
        if got != wanted:
            raise EcotError.at(got, "", list(data), f"only the keys {', '.join(expected)}, in this order")


def _text(data: dict[str, object], component: Component) -> str:
    value = data[component]
    if not isinstance(value, str):
        raise EcotError.at(component, "", value, "text")
    return value


def _action_tokens(text: str) -> tuple[int, ...]:
    try:
        return parse_action_tokens(text)
    except ActionTokenError as error:
        raise EcotError(f"{Component.ACTION_TOKENS}: {error}") from error


def _require_same(text: str, written: str) -> None:
    if text == written:
        return
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(text, written, strict=False))
    place = len(list(same))
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    got, expected = text[place : place + _EXCERPT], written[place : place + _EXCERPT]
    raise EcotError.at(_component_at(text, place), f"line {line} column {column}", got, f"{expected!r} as published")
