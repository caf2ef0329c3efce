from pathlib import Path

import pytest
from transformers import Qwen2Tokenizer
from zr0_policy.checkpoint.tiny import QWEN_SPECIAL_TOKENS, tiny_tokenizer
from zr0_policy.errors import CheckpointError
from zr0_policy.preprocessing.tokens import ADDED_TOKENS, Tokens, encode, load_tokenizer


def test_added_tokens_are_the_published_2050_at_the_end() -> None:
    tokenizer = tiny_tokenizer(["red cube"])
    assert len(ADDED_TOKENS) == 2050
    assert (ADDED_TOKENS[0], ADDED_TOKENS[2047], *ADDED_TOKENS[2048:]) == (
        "<robot_action_0>",
        "<robot_action_2047>",
        "<SUB_TASK>",
        "</SUB_TASK>",
    )
    ids = tokenizer.convert_tokens_to_ids(list(ADDED_TOKENS))
    assert ids == list(range(len(tokenizer) - 2050, len(tokenizer)))


def test_special_tokens_stay_whole_inside_text() -> None:
    tokenizer = tiny_tokenizer(["red cube"])
    vocabulary = tokenizer.get_vocab()
    ids = encode(tokenizer, "a<robot_action_17>b<SUB_TASK>c")
    assert vocabulary["<robot_action_17>"] in ids
    assert vocabulary["<SUB_TASK>"] in ids
    assert tokenizer.decode(ids) == "a<robot_action_17>b<SUB_TASK>c"


def test_newline_is_198_as_in_qwen() -> None:
    assert encode(tiny_tokenizer(["red cube"]), "\n") == (198,)


def test_survives_the_disk(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(["Put the red cube into the blue bin. 12 'tis"])
    tokenizer.save_pretrained(str(tmp_path))
    loaded = load_tokenizer(tmp_path)
    for text in ("<|im_start|>assistant\n", "Put 12  cubes, 'tis\n\n <robot_action_3> éß日", "e\u0301"):
        assert encode(loaded, text) == encode(tokenizer, text)
    assert loaded.chat_template == tokenizer.chat_template


def test_a_missing_token_is_a_refusal() -> None:
    bare = Qwen2Tokenizer(vocab={letter: index for index, letter in enumerate("abc")}, merges=[])
    bare.add_tokens(list(QWEN_SPECIAL_TOKENS), special_tokens=True)
    with pytest.raises(CheckpointError, match=r"somewhere: the tokenizer lacks <robot_action_0>, .* and 2047 more"):
        Tokens.from_tokenizer(bare, "somewhere")


def test_a_special_token_that_is_not_whole_is_a_refusal() -> None:
    words = [*"<robt_acin0123456789>", *ADDED_TOKENS]
    split = Qwen2Tokenizer(vocab={word: index for index, word in enumerate(dict.fromkeys(words))}, merges=[])
    split.add_tokens([*QWEN_SPECIAL_TOKENS, "<SUB_TASK>", "</SUB_TASK>"], special_tokens=True)
    with pytest.raises(CheckpointError, match="splits the special token <robot_action_0> into pieces"):
        Tokens.from_tokenizer(split, "somewhere")


def test_ids_are_found_by_text_wherever_they_are() -> None:
    for texts in (["red cube"], ["Put the red cube into the blue bin. 12 'tis"]):
        tokenizer = tiny_tokenizer(texts)
        tokens = Tokens.from_tokenizer(tokenizer, "somewhere")
        found = {
            "<|image_pad|>": tokens.image_id,
            "<|endoftext|>": tokens.pad_id,
            "<|im_end|>": tokens.end_id,
            "<SUB_TASK>": tokens.sub_task_open_id,
            "</SUB_TASK>": tokens.sub_task_close_id,
            "<robot_action_0>": tokens.action_ids[0],
            "<robot_action_17>": tokens.action_ids[17],
            "<robot_action_2047>": tokens.action_ids[2047],
        }
        assert {text: (token,) for text, token in found.items()} == {text: encode(tokenizer, text) for text in found}
        assert len(tokens.action_ids) == 2048
        assert tokens.decode(tokens.assistant_ids) == "<|im_start|>assistant\n"


def test_text_is_decoded_with_its_special_tokens_and_spaces(tokens: Tokens) -> None:
    text = "<SUB_TASK>pick , it 's  up .</SUB_TASK><robot_action_5><|im_end|>\n"
    assert tokens.decode(encode(tokens.tokenizer, text)) == text


@pytest.mark.parametrize(
    ("template", "match"),
    [
        (None, r"somewhere: the tokenizer has no chat template; chat_template.jinja is missing"),
        ("{{ messages[0].nothing.at_all }}", "somewhere: the chat template cannot be used: "),
        ("{% for", "somewhere: the chat template cannot be used: "),
        ("{{ 'a' + 1 }}", "somewhere: the chat template cannot be used: "),
        ("<|im_start|>system\nHelp.<|im_end|>\n{original}", "the chat template writes '<.im_start.>system"),
        ("{original}{%- if add_generation_prompt -%}<think>{%- endif -%}", r"assistant\\n<think>', expected"),
        ("{original}{%- if not add_generation_prompt -%}!{%- endif -%}", r"c<.im_end.>\\n!', expected"),
    ],
)
def test_another_chat_template_is_a_refusal(template: str | None, match: str) -> None:
    tokenizer = tiny_tokenizer(["red cube"])
    original = str(tokenizer.chat_template)
    tokenizer.chat_template = template and template.replace("{original}", original)
    with pytest.raises(CheckpointError, match=match):
        Tokens.from_tokenizer(tokenizer, "somewhere")


def test_a_directory_without_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="the tokenizer cannot be loaded"):
        load_tokenizer(tmp_path)
