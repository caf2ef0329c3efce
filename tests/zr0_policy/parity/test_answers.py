"""Answers of training samples against those of the published loader."""

import json
from pathlib import Path
from typing import Any

import pytest
from zr0_policy.ecot.columns import thought_from_columns
from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.sub_task import sub_task_text
from zr0_policy.ecot.thought import action_tokens_text
from zr0_policy.preprocessing.image import PatchLayout
from zr0_policy.preprocessing.prompt import PromptMode, render, render_answer, tokenize
from zr0_policy.preprocessing.tokens import Tokens

CASES = json.loads((Path(__file__).with_name("recorded") / "answers.json").read_text(encoding="utf-8"))
REFUSED = {"malformed_boxes", "malformed_sub_tasks", "empty_sub_tasks", "done_among_others"}
"""Rows that the published code makes something of, and ours refuses to."""


def answer(case: dict[str, Any]) -> str:
    fast_ids = tuple(case["fast_ids"])
    if not case["row"]:
        return action_tokens_text(fast_ids)
    thought = thought_from_columns(case["row"], fast_ids, case["camera_keys"])
    return sub_task_text(thought.sub_task) if case["suffix"] else thought.to_text()


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["name"] not in REFUSED],
    ids=lambda case: f"{case['name']}-{'sub_task' if case['suffix'] else 'direct'}",
)
def test_answer_is_the_published_one_in_text_and_tokens(recorded_tokens: Tokens, case: dict[str, Any]) -> None:
    assert answer(case) == case["answer"]
    mode = next(mode for mode in PromptMode if mode.suffix == case["suffix"])
    prompt = render(recorded_tokens, case["camera_keys"], case["task"], PatchLayout().num_tokens, mode=mode)
    assert len(tokenize(recorded_tokens, prompt)) == case["num_prompt_tokens"]
    assert tokenize(recorded_tokens, render_answer(case["answer"])).tolist() == case["answer_ids"]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_rows_that_the_published_code_guesses_at_are_refused(name: str) -> None:
    case = next(case for case in CASES if case["name"] == name)
    with pytest.raises(EcotError):
        answer(case)
