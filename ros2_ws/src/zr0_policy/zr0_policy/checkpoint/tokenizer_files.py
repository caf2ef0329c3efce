"""The tokenizer of a checkpoint directory, in the files of transformers 4.57 as well as in those of 5."""

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.json_file import read_json_mapping, write_json
from zr0_policy.errors import CheckpointError
from zr0_policy.preprocessing.tokens import Tokens, load_tokenizer

_LOADING_ARGUMENTS = ("is_local", "local_files_only")
"""transformers would save these with the tokenizer, though they say only how it was loaded."""


def read_tokens(directory: Path) -> Tokens:
    """Load the tokenizer with its chat template, without asking the network.

    The vocabulary is `tokenizer.json`, or `vocab.json` with `merges.txt`; the chat template is `chat_template.jinja`,
    `chat_template.json`, or part of `tokenizer_config.json`.

    Raises:
        CheckpointError: A file is missing or damaged, or the tokenizer or its chat template is not ZR-0's.
    """
    _require_vocabulary(directory)
    tokenizer = _load(directory)
    for name in _LOADING_ARGUMENTS:
        tokenizer.init_kwargs.pop(name, None)
    if not tokenizer.chat_template and (directory / layout.CHAT_TEMPLATE_JSON).exists():
        tokenizer.chat_template = _template(directory / layout.CHAT_TEMPLATE_JSON)
    return Tokens.from_tokenizer(tokenizer, str(directory))


def write_tokens(directory: Path, tokens: Tokens) -> None:
    """Write the tokenizer with its chat template so that both transformers 4.57 and 5 read it.

    What 5 calls `extra_special_tokens` is a list there; 4.57 calls the list `additional_special_tokens` and breaks on
    a list under the other name. 5 reads both.
    """
    tokens.tokenizer.save_pretrained(str(directory))
    path = directory / layout.TOKENIZER_CONFIG
    config = read_json_mapping(path)
    if isinstance(config.get("extra_special_tokens"), list):
        config["additional_special_tokens"] = config.pop("extra_special_tokens")
        write_json(path, config, sort_keys=True)


def _require_vocabulary(directory: Path) -> None:
    if (directory / layout.TOKENIZER).exists():
        read_json_mapping(directory / layout.TOKENIZER)
    elif (directory / layout.VOCABULARY).exists() and (directory / layout.MERGES).is_file():
        read_json_mapping(directory / layout.VOCABULARY)
    else:
        raise CheckpointError(
            f"{directory}: the tokenizer is missing: there is neither {layout.TOKENIZER} nor {layout.VOCABULARY} with "
            f"{layout.MERGES}"
        )
    read_json_mapping(directory / layout.TOKENIZER_CONFIG)


def _load(directory: Path) -> PreTrainedTokenizerBase:
    try:
        return load_tokenizer(directory)
    except Exception as error:
        # The tokenizers library has no error type of its own: for a damaged file it raises a bare `Exception`.
        if type(error) is not Exception:
            raise
        raise CheckpointError(f"{directory}: the tokenizer cannot be loaded: {error}") from error


def _template(path: Path) -> str:
    template = read_json_mapping(path).get("chat_template")
    if not isinstance(template, str) or not template:
        raise CheckpointError(f"{path}: chat_template must be text, got {template!r}")
    return template
