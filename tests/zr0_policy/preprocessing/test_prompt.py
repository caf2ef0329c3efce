import numpy as np
import pytest
from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.prompt import SUB_TASK_SUFFIX, prompt_mask, render, task_text, tokenize
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
    assert task_text("go", SUB_TASK_SUFFIX) == "<TASK> go <\\TASK>\nSub task:"
    assert render(tokens, KEYS, "go", 1, SUB_TASK_SUFFIX).endswith(
        "<\\TASK>\nSub task:<|im_end|>\n<|im_start|>assistant\n"
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


def test_a_prompt_without_marker_is_refused(tokens: Tokens) -> None:
    prompt = tokenize(tokens, EXPECTED)
    for cut in (prompt[:-1], prompt[:1], prompt[:0]):
        with pytest.raises(PromptError, match=r"the assistant marker .* is not in the prompt"):
            prompt_mask(tokens, cut)
