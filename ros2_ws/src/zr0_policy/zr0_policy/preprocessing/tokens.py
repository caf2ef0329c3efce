"""The tokenizer and the special tokens of ZR-0, found by their text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from zr0_policy.errors import CheckpointError

NUM_ACTION_TOKENS = 2048
ACTION_TOKENS = tuple(f"<robot_action_{index}>" for index in range(NUM_ACTION_TOKENS))
SUB_TASK_OPEN, SUB_TASK_CLOSE = "<SUB_TASK>", "</SUB_TASK>"
ADDED_TOKENS = (*ACTION_TOKENS, SUB_TASK_OPEN, SUB_TASK_CLOSE)
"""Appended to Qwen's vocabulary, in this order."""

IMAGE_TOKEN = "<|image_pad|>"
PAD_TOKEN = "<|endoftext|>"
ASSISTANT_MARKER = "<|im_start|>assistant\n"
"""Ends the prompt; whatever follows is the model's own text."""
QWEN_TOKENS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", IMAGE_TOKEN, PAD_TOKEN)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A tokenizer together with the ids of the texts that the model gives a meaning to."""

    tokenizer: PreTrainedTokenizerBase
    """The tokenizer."""
    image_id: int
    """Stands for one merged image patch."""
    pad_id: int
    """Fills batches."""
    assistant_ids: tuple[int, ...]
    """The tokens of `ASSISTANT_MARKER`."""

    @classmethod
    def from_tokenizer(cls, tokenizer: PreTrainedTokenizerBase, source: str) -> "Tokens":
        """Look up the special tokens by their text.

        Args:
            tokenizer: Any tokenizer of the Qwen family with ZR-0's added tokens.
            source: Where it comes from, for error messages.

        Raises:
            CheckpointError: A special token is missing or is split into pieces.
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
        return cls(
            tokenizer=tokenizer,
            image_id=vocabulary[IMAGE_TOKEN],
            pad_id=vocabulary[PAD_TOKEN],
            assistant_ids=encode(tokenizer, ASSISTANT_MARKER),
        )


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Return the token ids of a text, adding nothing."""
    ids: Any = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tuple(ids)


def load_tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint directory without asking the network.

    Raises:
        CheckpointError: The files do not hold a tokenizer with a chat template.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{directory}: the tokenizer cannot be loaded: {error}") from error
    if not tokenizer.chat_template:
        raise CheckpointError(f"{directory}: the tokenizer has no chat template; chat_template.jinja is missing")
    return tokenizer
