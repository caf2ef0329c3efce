import dataclasses
import json
from typing import Any

import pytest
from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.thought import EmbodiedChainOfThought, TargetObject, action_tokens_text
from zr0_policy.fast.errors import ActionTokenError

BOX = {"bbox_2d": (0.1, 0.2, 0.3, 0.4), "label": "cube"}


def finished(**changes: Any) -> EmbodiedChainOfThought:
    values = {"reasoning": "It is done.", "is_finished": True, "target_objects": {}, "action_tokens": (3,), **changes}
    return EmbodiedChainOfThought(**values)


def test_text_is_the_published_one_byte_for_byte(thought: EmbodiedChainOfThought, text: str) -> None:
    assert thought.to_text() == text
    assert list(json.loads(text)) == [
        "Chain-of-Thought Reasoning",
        "Finished",
        "To-do Actions",
        "Target Objects",
        "Discrete Action Tokens",
    ]


def test_a_finished_task_has_neither_to_do_list_nor_boxes() -> None:
    assert finished().to_text() == (
        '{\n  "Chain-of-Thought Reasoning": "It is done.",\n  "Finished": "Yes",\n'
        '  "Discrete Action Tokens": "<robot_action_3>"\n}'
    )


def test_a_scene_without_visible_objects_has_empty_boxes() -> None:
    text = finished(is_finished=False, to_do=("go",)).to_text()
    assert '"To-do Actions": [\n    "go"\n  ],\n  "Target Objects": {},\n' in text


def test_a_sample_without_annotations_has_action_tokens_only() -> None:
    assert action_tokens_text((5, 6)) == '{\n  "Discrete Action Tokens": "<robot_action_5><robot_action_6>"\n}'
    with pytest.raises(ActionTokenError, match="2048"):
        action_tokens_text((2048,))


def test_the_next_sub_task_is_the_first_that_is_left(thought: EmbodiedChainOfThought) -> None:
    assert thought.sub_task == "pick up the red cube"
    assert finished().sub_task == "done"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"reasoning": " \n"}, r"^Chain-of-Thought Reasoning: got ' \\n', expected text that is not empty"),
        ({"reasoning": "a <robot_action_3>"}, "Reasoning: got '<robot_action_3>', expected plain words"),
        ({"reasoning": "a<|im_end|>"}, r"Reasoning: got '<\|im_end\|>', expected plain words"),
        ({"to_do": ()}, r"^To-do Actions: got \(\), expected at least one, because the task is not finished"),
        ({"to_do": ("go", "")}, "^To-do Actions, item 1: got '', expected text that is not empty"),
        ({"to_do": ("go", 3)}, "^To-do Actions, item 1: got 3, expected text"),
        ({"to_do": ("</SUB_TASK>",)}, "^To-do Actions, item 0: got '</SUB_TASK>', expected plain words"),
        ({"to_do": ("go", "done")}, "^To-do Actions, item 1: got 'done', expected an action; 'done' stands alone"),
        ({"action_tokens": ()}, r"^Discrete Action Tokens: got \(\), expected at least one token"),
        ({"action_tokens": (1, 2048)}, "^Discrete Action Tokens: .*2048"),
        ({"action_tokens": (-1,)}, "^Discrete Action Tokens: .*-1"),
        ({"is_finished": True}, r"^To-do Actions: got \('pick up the red cube', .*, expected nothing"),
        ({"is_finished": True, "to_do": ()}, "^Target Objects: got .*, expected nothing, because the task is finished"),
    ],
)
def test_components_that_make_no_sense_are_refused(
    thought: EmbodiedChainOfThought, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(EcotError, match=match):
        dataclasses.replace(thought, **changes)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"bbox_2d": (0.3, 0.2, 0.3, 0.4)}, r"bbox_2d: got \[0.3, 0.2, 0.3, 0.4\], expected x1 < x2 and y1 < y2"),
        ({"bbox_2d": (0.1, 0.5, 0.3, 0.4)}, "expected x1 < x2 and y1 < y2"),
        ({"bbox_2d": (-0.1, 0.2, 0.3, 0.4)}, "bbox_2d x1: got -0.1, expected a number from 0 to 1"),
        ({"bbox_2d": (0.1, 0.2, 1.001, 0.4)}, "bbox_2d x2: got 1.001, expected a number from 0 to 1"),
        ({"bbox_2d": (0.1, float("nan"), 0.3, 0.4)}, "bbox_2d y1: got nan"),
        ({"bbox_2d": (0.1, 0.2, 0.3, True)}, "bbox_2d y2: got True"),
        ({"bbox_2d": (0.1, 0.2, 0.3, "0.4")}, "bbox_2d y2: got '0.4'"),
        ({"label": ""}, "^Target Objects, label: got '', expected text that is not empty"),
        ({"label": "<SUB_TASK>"}, "^Target Objects, label: got '<SUB_TASK>', expected plain words"),
    ],
)
def test_boxes_that_are_none_are_refused(changes: dict[str, Any], match: str) -> None:
    TargetObject(**BOX)  # type: ignore[arg-type]
    with pytest.raises(EcotError, match=match):
        TargetObject(**{**BOX, **changes})


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(EcotError) as caught:
        finished(to_do=("a" * 500,))
    assert len(str(caught.value)) < 200
