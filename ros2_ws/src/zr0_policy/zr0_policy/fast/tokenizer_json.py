"""The file format `tokenizer.json` of the tokenizers library, as far as FAST uses it."""

import json
from typing import Any

from zr0_policy.fast.byte_pairs import BytePairs

_REQUIRED: dict[str, tuple[object, ...]] = {
    "truncation": (None,),
    "padding": (None,),
    "added_tokens": ([],),
    "normalizer": (None,),
    "pre_tokenizer.type": ("ByteLevel",),
    "pre_tokenizer.add_prefix_space": (False,),
    "pre_tokenizer.use_regex": (False, True),
    "post_processor.type": (None, "ByteLevel", "TemplateProcessing"),
    "post_processor.special_tokens": (None, {}),
    "decoder.type": ("ByteLevel",),
    "model.type": ("BPE",),
    "model.dropout": (None,),
    "model.unk_token": (None,),
    "model.continuing_subword_prefix": (None, ""),
    "model.end_of_word_suffix": (None, ""),
    "model.byte_fallback": (False, None),
    "model.ignore_merges": (False, None),
}
"""What each field may be. Anything else would change ids, or lose bytes, in ways that `BytePairs` does not follow."""


def parse_byte_pairs(text: str) -> BytePairs:
    """Read the content of a `tokenizer.json`, strictly.

    Raises:
        ValueError: It is not JSON, or a field is missing, of the wrong type, or asks for something that FAST does not
            do; the message names the field.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not readable as JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"must hold a mapping, got {type(data).__name__}")
    for path, allowed in _REQUIRED.items():
        value = _field(data, path)
        if value not in allowed:
            expected = " or ".join(json.dumps(each) for each in allowed)
            raise ValueError(f"{path} is {json.dumps(value)}, expected {expected}")
    return BytePairs(
        vocabulary=_vocabulary(_field(data, "model.vocab")),
        merges=_merges(_field(data, "model.merges")),
        is_split_at_words=_field(data, "pre_tokenizer.use_regex"),
    )


def format_byte_pairs(byte_pairs: BytePairs) -> str:
    """Return the content of a `tokenizer.json`: the inverse of `parse_byte_pairs`."""
    return byte_pairs.tokenizer.to_str(pretty=True) + "\n"


def _field(data: dict[str, Any], path: str) -> Any:
    value: Any = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _vocabulary(ids: object) -> tuple[str, ...]:
    if not isinstance(ids, dict):
        raise ValueError(f"model.vocab must be a mapping of tokens to ids, got {type(ids).__name__}")
    tokens = {index: token for token, index in ids.items() if isinstance(index, int)}
    missing = [index for index in range(len(ids)) if index not in tokens]
    if missing:
        raise ValueError(f"model.vocab has {len(ids)} tokens but none with id {missing[0]}, expected every id once")
    return tuple(tokens[index] for index in range(len(ids)))


def _merges(merges: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(merges, list):
        raise ValueError(f"model.merges must be a list of pairs, got {type(merges).__name__}")
    return tuple(_pair(merge, index) for index, merge in enumerate(merges))


def _pair(merge: object, index: int) -> tuple[str, str]:
    # Older versions of the library write "left right", newer ones ["left", "right"].
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"model.merges[{index}] is {json.dumps(merge)}, expected a pair of tokens")
    return parts[0], parts[1]
