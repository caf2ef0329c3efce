"""Chains of thought from the annotation columns of a dataset."""

import json
from collections.abc import Collection, Mapping

from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.reading import read_target_objects, read_to_do
from zr0_policy.ecot.thought import DONE, EmbodiedChainOfThought

REASONING_COLUMN, SUB_TASKS_COLUMN, BOXES_COLUMN = "cot", "future_sub_tasks", "bbox"
ECOT_COLUMNS = (SUB_TASKS_COLUMN, BOXES_COLUMN, REASONING_COLUMN)
"""A dataset with all of them is annotated."""


def thought_from_columns(
    row: Mapping[str, object], action_tokens: tuple[int, ...], camera_keys: Collection[str]
) -> EmbodiedChainOfThought:
    """Read the chain of thought of one frame.

    The published code puts an empty list or no boxes where a column cannot be read; here that is an error. It does not
    look at the boxes of a finished task, and neither does this.

    Args:
        row: Text by column: `cot` in words, `future_sub_tasks` a JSON list, `["done"]` when finished, and `bbox` a JSON
            object as `read_target_objects` takes it.
        action_tokens: FAST tokens of the frame's chunk, each 0 to 2047.
        camera_keys: Cameras that may have boxes: `grounding_camera_keys` of the dataset.

    Raises:
        EcotError: A column is missing, is not text or not JSON, or a component is not as it must be. The error names
            column, component and place.
    """
    reasoning = _text(row, REASONING_COLUMN).strip()
    sub_tasks = _json(row, SUB_TASKS_COLUMN)
    is_finished = sub_tasks == [DONE]
    boxes = {} if is_finished else _json(row, BOXES_COLUMN)
    column = SUB_TASKS_COLUMN
    try:
        to_do = () if is_finished else read_to_do(sub_tasks)
        column = BOXES_COLUMN
        target_objects = read_target_objects(boxes, camera_keys)
    except EcotError as error:
        raise EcotError(f"column {column}: {error}") from error
    return EmbodiedChainOfThought(
        reasoning=reasoning,
        is_finished=is_finished,
        to_do=to_do,
        target_objects=target_objects,
        action_tokens=action_tokens,
    )


def _text(row: Mapping[str, object], column: str) -> str:
    if column not in row:
        raise EcotError(f"the row lacks the column {column}, it has {', '.join(row) or 'none'}")
    value = row[column]
    if not isinstance(value, str):
        raise EcotError.at(f"column {column}", "", value, "text")
    return value


def _json(row: Mapping[str, object], column: str) -> object:
    text = _text(row, column)
    try:
        value: object = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise EcotError.at(f"column {column}", str(error), text, "JSON") from error
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key!r} stands {keys.count(key)} times in one object")
    return dict(pairs)
