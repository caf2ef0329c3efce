import json
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import Tokenizer
from zr0_policy.fast.byte_pairs import BytePairs
from zr0_policy.fast.tokenizer import FastTokenizer
from zr0_policy.fast.tokenizer_json import format_byte_pairs, parse_byte_pairs

SMALL = BytePairs(vocabulary=("a", "b", "ab"), merges=(("a", "b"),), is_split_at_words=False)


def content(change: Callable[[dict[str, Any]], object] = lambda _: None) -> str:
    data = json.loads(format_byte_pairs(SMALL))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize("is_split", [False, True])
def test_what_is_written_is_read_back(tokenizer: FastTokenizer, is_split: bool) -> None:
    pairs = tokenizer.byte_pairs
    pairs = BytePairs(vocabulary=pairs.vocabulary, merges=pairs.merges, is_split_at_words=is_split)
    assert parse_byte_pairs(format_byte_pairs(pairs)) == pairs


def test_the_library_reads_it(tokenizer: FastTokenizer) -> None:
    library = Tokenizer.from_str(format_byte_pairs(tokenizer.byte_pairs))
    for text in ("\x00\x01ab 12", "".join(map(chr, range(0, 3000, 11)))):
        assert tuple(library.encode(text).ids) == tokenizer.byte_pairs.encode(text)
        assert library.decode(library.encode(text).ids) == text


def older(data: dict[str, Any]) -> None:
    data["model"]["merges"] = ["a b"]
    del data["model"]["ignore_merges"], data["model"]["byte_fallback"]
    data["post_processor"] = None
    data["model"]["continuing_subword_prefix"] = ""


def resaved(data: dict[str, Any]) -> None:
    parts = [{"Sequence": {"id": "A", "type_id": 0}}]
    data["post_processor"] = {"type": "TemplateProcessing", "single": parts, "pair": [], "special_tokens": {}}


@pytest.mark.parametrize("change", [older, resaved])
def test_other_versions_of_the_library_are_understood(change: Callable[[dict[str, Any]], object]) -> None:
    assert parse_byte_pairs(content(change)) == SMALL


def put(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(data: dict[str, Any]) -> None:
        *folders, name = path.split(".")
        for folder in folders:
            data = data[folder]
        data[name] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        ("truncation", {"max_length": 8}, r'truncation is {"max_length": 8}, expected null'),
        ("padding", {"strategy": "BatchLongest"}, "padding is .* expected null"),
        ("added_tokens", [{"id": 3, "content": "<s>"}], r"added_tokens is .* expected \[\]"),
        ("normalizer", {"type": "NFC"}, r'normalizer is {"type": "NFC"}, expected null'),
        ("pre_tokenizer", None, 'pre_tokenizer.type is null, expected "ByteLevel"'),
        ("pre_tokenizer.type", "Whitespace", 'pre_tokenizer.type is "Whitespace", expected "ByteLevel"'),
        ("pre_tokenizer.add_prefix_space", True, "pre_tokenizer.add_prefix_space is true, expected false"),
        ("pre_tokenizer.use_regex", None, "pre_tokenizer.use_regex is null, expected false or true"),
        ("post_processor.type", "BertProcessing", "post_processor.type is"),
        ("post_processor.special_tokens", {"<s>": {}}, "post_processor.special_tokens is .* expected null or {}"),
        ("decoder", None, 'decoder.type is null, expected "ByteLevel"'),
        ("decoder.type", "WordPiece", 'decoder.type is "WordPiece"'),
        ("model.type", "Unigram", 'model.type is "Unigram", expected "BPE"'),
        ("model.dropout", 0.1, "model.dropout is 0.1, expected null"),
        ("model.unk_token", "a", 'model.unk_token is "a", expected null'),
        ("model.continuing_subword_prefix", "##", "model.continuing_subword_prefix is"),
        ("model.end_of_word_suffix", "</w>", "model.end_of_word_suffix is"),
        ("model.byte_fallback", True, "model.byte_fallback is true, expected false or null"),
        ("model.ignore_merges", True, "model.ignore_merges is true, expected false or null"),
        ("model", [], "model.type is null"),
        ("model.vocab", None, "model.vocab must be a mapping of tokens to ids, got NoneType"),
        ("model.vocab", {"a": 0, "b": 1, "ab": 3}, "model.vocab has 3 tokens but none with id 2, expected every id"),
        ("model.vocab", {"a": 0, "b": "1", "ab": 2}, "none with id 1"),
        ("model.vocab", {"a": 0, "b": 0, "ab": 2}, "none with id 1"),
        ("model.vocab", {"a": 0, "b": [1], "ab": 2}, "none with id 1"),
        ("model.merges", None, "model.merges must be a list of pairs, got NoneType"),
        ("model.merges", ["a b", "ab"], r'model.merges\[1\] is "ab", expected a pair of tokens'),
        ("model.merges", ["a  b"], r'model.merges\[0\] is "a  b"'),
        ("model.merges", [["a", "b", "c"]], r"model.merges\[0\] is"),
        ("model.merges", [["a", 1]], r"model.merges\[0\] is"),
        ("model.merges", [7], r"model.merges\[0\] is 7"),
        ("model.merges", [["b", "a"]], "merge 0 of 'b' and 'a' needs 'ba', not in the vocabulary"),
    ],
)
def test_what_fast_does_not_do_is_refused_by_field(path: str, value: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        parse_byte_pairs(content(put(path, value)))


@pytest.mark.parametrize(
    ("text", "match"),
    [("", "is not readable as JSON: "), ("{", "is not readable as JSON: "), ("[]", "must hold a mapping, got list")],
)
def test_other_content_is_refused(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        parse_byte_pairs(text)
