from collections.abc import Mapping

import pytest
from zr0_policy.ecot.columns import ECOT_COLUMNS, thought_from_columns
from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.thought import EmbodiedChainOfThought

TOKENS = (0, 17, 2047)


def test_a_row_is_read(
    row: Mapping[str, object], thought: EmbodiedChainOfThought, text: str, camera_keys: tuple[str, str]
) -> None:
    read = thought_from_columns(row, TOKENS, camera_keys)
    assert read == thought
    assert read.to_text() == text
    assert set(ECOT_COLUMNS) == {"cot", "future_sub_tasks", "bbox"}


@pytest.mark.parametrize("boxes", ["{}", "", '{"observation.images.front": []}', None])
def test_boxes_of_a_finished_task_are_not_looked_at(boxes: object, camera_keys: tuple[str, str]) -> None:
    row = {"cot": "It is done.", "future_sub_tasks": ' ["done"]', "bbox": boxes}
    read = thought_from_columns(row, TOKENS, camera_keys)
    assert (read.is_finished, read.to_do, read.target_objects) == (True, (), {})


BOX = '{"observation.images.front": [{"bbox_2d": [0.1, 0.2, 0.3, 0.4], "label": "cube"}, %s]}'
CASES: dict[str, tuple[dict[str, object], str]] = {
    "no reasoning": ({"cot": " "}, "^Chain-of-Thought Reasoning: got '', expected text that is not empty"),
    "reasoning of another type": ({"cot": 3}, "^column cot: got 3, expected text"),
    "sub-tasks not JSON": (
        {"future_sub_tasks": "[pick]"},
        r"^column future_sub_tasks, Expecting value: line 1 column 2 \(char 1\): got '\[pick\]', expected JSON",
    ),
    "sub-tasks no list": (
        {"future_sub_tasks": '"done"'},
        "^column future_sub_tasks: To-do Actions: got 'done', expected a list of sub-tasks",
    ),
    "sub-tasks not text": (
        {"future_sub_tasks": '["pick", null]'},
        "^column future_sub_tasks: To-do Actions, item 1: got None, expected text",
    ),
    "no sub-tasks": ({"future_sub_tasks": "[]"}, "^To-do Actions: .* the task is not finished"),
    "done beside others": ({"future_sub_tasks": '["pick", "done"]'}, "^To-do Actions, item 1: got 'done'"),
    "boxes not JSON": ({"bbox": "{'a': 1}"}, "^column bbox, Expecting property name .*, expected JSON"),
    "boxes nested too deep": ({"bbox": "[" * 100_000}, "^column bbox, maximum recursion depth .*, expected JSON"),
    "boxes no object": ({"bbox": "[]"}, r"^column bbox: Target Objects: got \[\], expected boxes by camera key"),
    "another camera": (
        {"bbox": '{"observation.images.top": []}'},
        "^column bbox: Target Objects: got 'observation.images.top', expected a camera key: observation.images.front, ",
    ),
    "a camera twice": (
        {"bbox": '{"observation.images.front": [], "observation.images.front": []}'},
        "^column bbox, 'observation.images.front' stands 2 times in one object",
    ),
    "boxes no list": (
        {"bbox": '{"observation.images.front": {}}'},
        "^column bbox: Target Objects, observation.images.front: got {}, expected a list of boxes",
    ),
    "a key missing": (
        {"bbox": BOX % '{"label": "bin"}'},
        r"observation.images.front\[1\]: got {'label': 'bin'}, expected an object with the keys bbox_2d, label",
    ),
    "a key too many": ({"bbox": BOX % '{"label": "a", "bbox_2d": [], "score": 1}'}, r"front\[1\]: got {'label'"),
    "no object": ({"bbox": BOX % "3"}, r"observation.images.front\[1\]: got 3, expected an object"),
    "three numbers": (
        {"bbox": BOX % '{"label": "a", "bbox_2d": [0, 0.5, 1]}'},
        r"observation.images.front\[1\] bbox_2d: got \[0, 0.5, 1\], expected four numbers",
    ),
    "a box turned round": (
        {"bbox": BOX % '{"label": "a", "bbox_2d": [0.5, 0, 0.2, 1]}'},
        r"expected x1 < x2 and y1 < y2 \(observation.images.front\[1\]\)",
    ),
    "an infinite box": ({"bbox": BOX % '{"label": "a", "bbox_2d": [0, 0, 1e999, 1]}'}, "bbox_2d x2: got inf"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_named(case: str, row: Mapping[str, object], camera_keys: tuple[str, str]) -> None:
    changes, match = CASES[case]
    with pytest.raises(EcotError, match=match):
        thought_from_columns({**row, **changes}, TOKENS, camera_keys)


@pytest.mark.parametrize("column", ECOT_COLUMNS)
def test_a_missing_column_is_named(column: str, row: Mapping[str, object], camera_keys: tuple[str, str]) -> None:
    rest = {key: value for key, value in row.items() if key != column}
    with pytest.raises(EcotError, match=f"the row lacks the column {column}, it has .*timestamp"):
        thought_from_columns(rest, TOKENS, camera_keys)
