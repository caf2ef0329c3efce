import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoTokenizer
from zr0_policy.checkpoint.tokenizer_files import read_tokens, write_tokens
from zr0_policy.errors import CheckpointError
from zr0_policy.preprocessing.tokens import Tokens, encode

Copy = Callable[[Path], Path]
Rewrite = Callable[[Path, bool], None]
TEXTS = (
    "observation.images.front<|vision_start|><|image_pad|><|vision_end|><TASK> Put it there. <\\TASK>\n",
    '<|im_start|>assistant\n{\n  "Finished": "No"\n} <robot_action_0><robot_action_2047><SUB_TASK>x</SUB_TASK>',
    "Ünïcode 123 don't\t \n\n<|im_end|>",
)
WITHOUT_B = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}
"""A tokenizer that the tokenizers library refuses with a bare exception."""


@pytest.fixture
def directory(saved: Path, copy: Copy) -> Path:
    return copy(saved)


@pytest.mark.parametrize("is_fast", [True, False])
def test_files_of_4_57_give_the_same_ids(
    tokenizer_as_4_57: Rewrite, tokens: Tokens, directory: Path, is_fast: bool
) -> None:
    tokenizer_as_4_57(directory, is_fast)
    read = read_tokens(directory)
    assert read.tokenizer.get_vocab() == tokens.tokenizer.get_vocab()
    for text in TEXTS:
        assert encode(read.tokenizer, text) == encode(tokens.tokenizer, text)
    assert (read.image_id, read.pad_id, read.assistant_ids) == (tokens.image_id, tokens.pad_id, tokens.assistant_ids)
    assert read.tokenizer.chat_template == tokens.tokenizer.chat_template


@pytest.mark.parametrize("place", ["chat_template.json", "tokenizer_config.json"])
def test_the_chat_template_may_lie_elsewhere(tokens: Tokens, directory: Path, place: str) -> None:
    template = (directory / "chat_template.jinja").read_text()
    (directory / "chat_template.jinja").unlink()
    path = directory / place
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**config, "chat_template": template}))
    assert read_tokens(directory).tokenizer.chat_template == tokens.tokenizer.chat_template


def test_reading_leaves_no_trace_in_what_is_written(directory: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    write_tokens(again, read_tokens(directory))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (again / name).read_bytes() == (directory / name).read_bytes(), name


def test_a_published_tokenizer_is_written_so_that_4_57_reads_it(
    tokenizer_as_4_57: Rewrite, directory: Path, tmp_path: Path
) -> None:
    tokenizer_as_4_57(directory, True)
    again = tmp_path / "again"
    again.mkdir()
    write_tokens(again, read_tokens(directory))
    config = json.loads((again / "tokenizer_config.json").read_text())
    assert not isinstance(config.get("extra_special_tokens"), list)
    assert len(config["additional_special_tokens"]) == 2050
    special = AutoTokenizer.from_pretrained(str(again)).all_special_tokens
    assert {"<robot_action_0>", "</SUB_TASK>"} <= set(special)
    assert read_tokens(again).tokenizer.get_vocab() == read_tokens(directory).tokenizer.get_vocab()


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("tokenizer.json", None, r"is missing: there is neither tokenizer.json nor vocab.json with merges.txt"),
        ("tokenizer.json", "{", r"tokenizer.json is not readable as JSON"),
        ("tokenizer.json", "", r"tokenizer.json is not readable as JSON"),
        ("tokenizer.json", "{}", r"the tokenizer cannot be loaded: .*"),
        ("tokenizer.json", json.dumps(WITHOUT_B), r"the tokenizer cannot be loaded: .*`b` out of vocabulary"),
        ("tokenizer_config.json", None, r"tokenizer_config.json is missing"),
        ("tokenizer_config.json", "[]", r"tokenizer_config.json is not readable as JSON: expected a mapping"),
        ("chat_template.jinja", None, "the tokenizer has no chat template; chat_template.jinja is missing"),
    ],
)
def test_damage_is_named(directory: Path, name: str, content: str | None, match: str) -> None:
    if content is None:
        (directory / name).unlink()
    else:
        (directory / name).write_text(content)
    with pytest.raises(CheckpointError, match=match):
        read_tokens(directory)


def test_a_vocabulary_without_merges_is_refused(tokenizer_as_4_57: Rewrite, directory: Path) -> None:
    tokenizer_as_4_57(directory, False)
    (directory / "merges.txt").unlink()
    with pytest.raises(CheckpointError, match=r"neither tokenizer.json nor vocab.json with merges.txt"):
        read_tokens(directory)


def test_a_damaged_vocabulary_is_refused(tokenizer_as_4_57: Rewrite, directory: Path) -> None:
    tokenizer_as_4_57(directory, False)
    (directory / "vocab.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"vocab.json is not readable as JSON"):
        read_tokens(directory)


@pytest.mark.parametrize("template", [3, "", None])
def test_a_damaged_template_file_is_refused(directory: Path, template: object) -> None:
    (directory / "chat_template.jinja").unlink()
    (directory / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    with pytest.raises(CheckpointError, match=r"chat_template.json: chat_template must be text, got"):
        read_tokens(directory)
