"""The tokenizer and the special tokens of ZR-0, found by their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from zr0_policy.errors import CheckpointError
from zr0_policy.fast.action_text import NUM_ACTION_TOKENS

ACTION_TOKENS = tuple(f"<robot_action_{index}>" for index in range(NUM_ACTION_TOKENS))
SUB_TASK_OPEN, SUB_TASK_CLOSE = "<SUB_TASK>", "</SUB_TASK>"
ADDED_TOKENS = (*ACTION_TOKENS, SUB_TASK_OPEN, SUB_TASK_CLOSE)
"""Appended to Qwen's vocabulary, in this order."""

IMAGE_TOKEN = "<|image_pad|>"
PAD_TOKEN = "<|endoftext|>"
END_TOKEN = "<|im_end|>"
"""Ends a turn of the conversation."""
ASSISTANT_MARKER = "<|im_start|>assistant\n"
"""Ends the prompt; whatever follows is the model's own text."""
QWEN_TOKENS = ("<|im_start|>", END_TOKEN, "<|vision_start|>", "<|vision_end|>", IMAGE_TOKEN, PAD_TOKEN)

_TEMPLATE_PROBE: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": " b\n"}]},
    {"role": "assistant", "content": "c"},
]
_TEMPLATE_RESULT = (
    f"<|im_start|>user\na<|vision_start|>{IMAGE_TOKEN}<|vision_end|> b\n{END_TOKEN}\n{ASSISTANT_MARKER}c{END_TOKEN}\n"
)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A tokenizer together with the ids of the texts that the model gives a meaning to."""

    tokenizer: PreTrainedTokenizerBase
    """The tokenizer."""
    image_id: int
    """Stands for one merged image patch."""
    pad_id: int
    """Fills batches."""
    end_id: int
    """Ends an answer."""
    sub_task_open_id: int
    """Begins a sub-task."""
    sub_task_close_id: int
    """Ends a sub-task."""
    action_ids: tuple[int, ...]
    """The tokens of `ACTION_TOKENS`, in order."""
    assistant_ids: tuple[int, ...]
    """The tokens of `ASSISTANT_MARKER`."""

    @classmethod
    def from_tokenizer(cls, tokenizer: PreTrainedTokenizerBase, source: str) -> "Tokens":
        """Look up the special tokens by their text and check how the chat template writes a conversation.

        Args:
            tokenizer: Any tokenizer of the Qwen family with ZR-0's added tokens.
            source: Where it comes from, for error messages.

        Raises:
            CheckpointError: A special token is missing or is split into pieces, or the chat template is missing, adds a
                system prompt, or is otherwise not the one that the model was trained on.
        """
        vocabulary = tokenizer.get_vocab()
        required = (*QWEN_TOKENS, *ADDED_TOKENS)
        missing = [token for token in required if token not in vocabulary]
        if missing:
            shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
            raise CheckpointError(f"{source}: the tokenizer lacks {shown}; use the tokenizer saved with the checkpoint")
        for token in required:
            if len(encode(tokenizer, token)) != 1:
                raise CheckpointError(f"{source}: the tokenizer splits the special token {token} into pieces")
        _require_template(tokenizer, source)
        return cls(
            tokenizer=tokenizer,
            image_id=vocabulary[IMAGE_TOKEN],
            pad_id=vocabulary[PAD_TOKEN],
            end_id=vocabulary[END_TOKEN],
            sub_task_open_id=vocabulary[SUB_TASK_OPEN],
            sub_task_close_id=vocabulary[SUB_TASK_CLOSE],
            action_ids=tuple(vocabulary[token] for token in ACTION_TOKENS),
            assistant_ids=encode(tokenizer, ASSISTANT_MARKER),
        )

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids (L,), special tokens included."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False))


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Return the token ids of a text, adding nothing."""
    ids: Any = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tuple(ids)


def _require_template(tokenizer: PreTrainedTokenizerBase, source: str) -> None:
    if not tokenizer.chat_template:
        raise CheckpointError(f"{source}: the tokenizer has no chat template; chat_template.jinja is missing")
    try:
        written = tokenizer.apply_chat_template(_TEMPLATE_PROBE, tokenize=False, add_generation_prompt=False)
        asked = tokenizer.apply_chat_template(_TEMPLATE_PROBE[:1], tokenize=False, add_generation_prompt=True)
    except (TemplateError, TypeError) as error:
        raise CheckpointError(f"{source}: the chat template cannot be used: {error}") from error
    for got, expected in ((written, _TEMPLATE_RESULT), (asked, _TEMPLATE_RESULT.removesuffix(f"c{END_TOKEN}\n"))):
        if got != expected:
            raise CheckpointError(
                f"{source}: the chat template writes {got!r}, expected {expected!r}; use the template saved with the "
                "checkpoint"
            )


def load_tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint directory without asking the network.

    Raises:
        CheckpointError: The files do not hold a tokenizer.
    """
    try:
        return AutoTokenizer.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{directory}: the tokenizer cannot be loaded: {error}") from error
