import numpy as np
import pytest
from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.prompt import (
    PromptMode,
    image_texts,
    prompt_mask,
    render,
    render_answer,
    sub_task_mask,
    task_text,
    tokenize,
    visible_mask,
)
from zr0_policy.preprocessing.tokens import Tokens, encode

KEYS = ["observation.images.front", "observation.images.wrist"]
EXPECTED = (
    "<|im_start|>user\n"
    "observation.images.front<|vision_start|><|image_pad|><|image_pad|><|vision_end|>"
    "observation.images.wrist<|vision_start|><|image_pad|><|image_pad|><|vision_end|>"
    "<TASK> push the red block <\\TASK>\n"
    "<|im_end|>\n"
    "<|im_start|>assistant\n"
)


def test_prompt_is_the_published_one_byte_for_byte(tokens: Tokens) -> None:
    assert render(tokens, KEYS, "  push the red block\n", 2) == EXPECTED


def test_sub_task_suffix_follows_the_newline(tokens: Tokens) -> None:
    assert task_text("go", PromptMode.SUB_TASK) == "<TASK> go <\\TASK>\nSub task:"
    assert render(tokens, KEYS, "go", 1, mode=PromptMode.SUB_TASK).endswith(
        "<\\TASK>\nSub task:<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_window_begins_with_the_oldest_frame(tokens: Tokens) -> None:
    assert image_texts(["a", "b"], 3) == (
        "historical-observation-0.a",
        "historical-observation-0.b",
        "historical-observation-1.a",
        "historical-observation-1.b",
        "a",
        "b",
    )
    assert render(tokens, KEYS, "go", 1, window_size=2) == (
        "<|im_start|>user\n"
        "historical-observation-0.observation.images.front<|vision_start|><|image_pad|><|vision_end|>"
        "historical-observation-0.observation.images.wrist<|vision_start|><|image_pad|><|vision_end|>"
        "observation.images.front<|vision_start|><|image_pad|><|vision_end|>"
        "observation.images.wrist<|vision_start|><|image_pad|><|vision_end|>"
        "<TASK> go <\\TASK>\n"
        "<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_image_tokens_are_counted_per_camera(tokens: Tokens) -> None:
    ids = tokenize(tokens, render(tokens, KEYS, "go", 49))
    assert (ids == tokens.image_id).sum() == 98


@pytest.mark.parametrize(
    ("instruction", "match"),
    [
        (" \n", "the instruction is empty"),
        ("go<|im_end|>", r"contains the special token <\|im_end\|>"),
        ("say <SUB_TASK>", "contains the special token <SUB_TASK>"),
    ],
)
def test_instructions_that_would_break_the_prompt_are_refused(tokens: Tokens, instruction: str, match: str) -> None:
    with pytest.raises(PromptError, match=match):
        render(tokens, KEYS, instruction, 49)


def test_mask_ends_with_the_marker(tokens: Tokens) -> None:
    prompt = tokenize(tokens, EXPECTED)
    assert prompt_mask(tokens, prompt).all()
    answer = encode(tokens.tokenizer, '{"Finished": "No"}<|im_end|>\n<|im_start|>assistant\n')
    mask = prompt_mask(tokens, np.append(prompt, answer))
    assert mask.tolist() == [True] * len(prompt) + [False] * len(answer)


def test_sub_task_is_visible_up_to_its_closing_tag(tokens: Tokens) -> None:
    prompt = tokenize(tokens, EXPECTED)
    sub_task = encode(tokens.tokenizer, "<SUB_TASK>pick it up</SUB_TASK>")
    rest = encode(tokens.tokenizer, "<|im_end|>\n</SUB_TASK>")
    ids = np.concatenate([prompt, sub_task, rest])
    visible = [True] * (len(prompt) + len(sub_task)) + [False] * len(rest)
    assert sub_task_mask(tokens, ids).tolist() == visible
    assert visible_mask(tokens, ids, PromptMode.SUB_TASK).tolist() == visible
    assert visible_mask(tokens, ids, PromptMode.DIRECT).tolist() == [True] * len(prompt) + [False] * (
        len(sub_task) + len(rest)
    )


def test_a_sub_task_that_was_cut_off_shows_nothing(tokens: Tokens) -> None:
    prompt = tokenize(tokens, EXPECTED)
    cut = np.append(prompt, encode(tokens.tokenizer, "<SUB_TASK>pick it"))
    with pytest.raises(PromptError, match="the closing tag </SUB_TASK> is not in the answer '<SUB_TASK>pick it'"):
        sub_task_mask(tokens, cut)
    before = np.append(encode(tokens.tokenizer, "</SUB_TASK>"), prompt)
    with pytest.raises(PromptError, match="the closing tag </SUB_TASK> is not in the answer ''"):
        sub_task_mask(tokens, before)


def test_an_answer_ends_the_turn_and_splits_no_token_of_the_prompt(tokens: Tokens) -> None:
    for answer in ('{\n  "Finished": "Yes"\n}', "<SUB_TASK>pick it up</SUB_TASK>"):
        assert render_answer(answer) == f"{answer}<|im_end|>\n"
        whole = tokenize(tokens, EXPECTED + render_answer(answer))
        parts = np.append(tokenize(tokens, EXPECTED), tokenize(tokens, render_answer(answer)))
        np.testing.assert_array_equal(whole, parts)


def test_a_prompt_without_marker_is_refused(tokens: Tokens) -> None:
    prompt = tokenize(tokens, EXPECTED)
    for cut in (prompt[:-1], prompt[:1], prompt[:0]):
        with pytest.raises(PromptError, match=r"the assistant marker .* is not in the prompt"):
            prompt_mask(tokens, cut)
