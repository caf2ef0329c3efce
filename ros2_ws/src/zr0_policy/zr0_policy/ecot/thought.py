"""An embodied chain of thought and its published text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from zr0_policy.ecot.errors import EcotError
from zr0_policy.fast.action_text import format_action_tokens
from zr0_policy.fast.errors import ActionTokenError

DONE = "done"
"""The sub-task of a finished task."""

_SPECIAL_TOKEN = re.compile(r"<\|\w+\|>|</?SUB_TASK>|<robot_action_\d+>")


class Component(StrEnum):
    """Keys of the published JSON object, in its order."""

    REASONING = "Chain-of-Thought Reasoning"
    FINISHED = "Finished"
    TO_DO = "To-do Actions"
    TARGET_OBJECTS = "Target Objects"
    ACTION_TOKENS = "Discrete Action Tokens"


@dataclass(frozen=True, kw_only=True)
class TargetObject:
    """An object that matters for what is to be done, in the image of one camera."""

    bbox_2d: tuple[float, float, float, float]
    """Left, top, right and bottom edge, 0 to 1 of the image's width and height."""
    label: str
    """What it is, in words."""

    def __post_init__(self) -> None:
        check_text(Component.TARGET_OBJECTS, "label", self.label)
        for name, value in zip(("x1", "y1", "x2", "y2"), self.bbox_2d, strict=True):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise EcotError.at(Component.TARGET_OBJECTS, f"bbox_2d {name}", value, "a number from 0 to 1")
        x1, y1, x2, y2 = self.bbox_2d
        if not (x1 < x2 and y1 < y2):
            raise EcotError.at(Component.TARGET_OBJECTS, "bbox_2d", list(self.bbox_2d), "x1 < x2 and y1 < y2")


@dataclass(frozen=True, kw_only=True)
class EmbodiedChainOfThought:
    """What the model is trained to say about one moment of a task.

    The six parts that the paper names are five keys of the published JSON object: the description of the scene, the
    progress and the plan are sentences of `reasoning`, the progress once more as the verdict `is_finished`; the
    to-do list, the boxes and the FAST tokens have keys of their own. A finished task has no to-do list and no boxes.

    Source: the ZR-0 paper's embodied chain of thought; keys, order and form from the published training samples.

    Raises:
        EcotError: A component is empty, out of range, contradicts another, or contains a special token.
    """

    reasoning: str
    """`Chain-of-Thought Reasoning`: what is seen, how far the task is, and what comes next, in words."""
    is_finished: bool
    """`Finished`: whether the task is done."""
    to_do: tuple[str, ...] = ()
    """`To-do Actions`: the sub-tasks that are left, the next one first; empty when finished."""
    target_objects: Mapping[str, tuple[TargetObject, ...]]
    """`Target Objects`: what the to-do list is about, by camera key; empty when finished."""
    action_tokens: tuple[int, ...]
    """`Discrete Action Tokens`: the chunk of actions as FAST tokens, each 0 to 2047."""

    def __post_init__(self) -> None:
        check_text(Component.REASONING, "", self.reasoning)
        if self.is_finished:
            for component, value in ((Component.TO_DO, self.to_do), (Component.TARGET_OBJECTS, self.target_objects)):
                if value:
                    raise EcotError.at(component, "", value, "nothing, because the task is finished")
        elif not self.to_do:
            raise EcotError.at(Component.TO_DO, "", self.to_do, "at least one, because the task is not finished")
        for index, action in enumerate(self.to_do):
            check_text(Component.TO_DO, f"item {index}", action)
            if action.strip() == DONE:
                raise EcotError.at(Component.TO_DO, f"item {index}", action, f"an action; {DONE!r} stands alone")
        try:
            format_action_tokens(self.action_tokens)
        except ActionTokenError as error:
            raise EcotError(f"{Component.ACTION_TOKENS}: {error}") from error
        if not self.action_tokens:
            raise EcotError.at(Component.ACTION_TOKENS, "", self.action_tokens, "at least one token")

    @property
    def sub_task(self) -> str:
        """What to do next; `DONE` when finished."""
        return DONE if self.is_finished else self.to_do[0]

    def to_text(self) -> str:
        """Write the JSON text that the model is trained to say."""
        answer: dict[Component, object] = {
            Component.REASONING: self.reasoning,
            Component.FINISHED: "Yes" if self.is_finished else "No",
        }
        if not self.is_finished:
            answer[Component.TO_DO] = list(self.to_do)
            answer[Component.TARGET_OBJECTS] = {
                key: [{"bbox_2d": list(item.bbox_2d), "label": item.label} for item in items]
                for key, items in self.target_objects.items()
            }
        return _to_json({**answer, Component.ACTION_TOKENS: format_action_tokens(self.action_tokens)})


def action_tokens_text(action_tokens: tuple[int, ...]) -> str:
    """Write the JSON text of a sample without annotations, which has action tokens only.

    Raises:
        ActionTokenError: An id is out of range.
    """
    return _to_json({Component.ACTION_TOKENS: format_action_tokens(action_tokens)})


def check_text(component: Component, place: str, value: object) -> None:
    """Check that a value is text that can stand in an answer.

    Raises:
        EcotError: It is not text, is empty, or contains a special token.
    """
    if not isinstance(value, str) or not value.strip():
        raise EcotError.at(component, place, value, "text that is not empty")
    if found := _SPECIAL_TOKEN.search(value):
        raise EcotError.at(component, place, found[0], "plain words without special tokens")


def _to_json(answer: Mapping[Component, object]) -> str:
    return json.dumps(answer, indent=2, ensure_ascii=False)
