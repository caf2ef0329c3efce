"""The prompt, byte for byte as the published model was trained on it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.tokens import IMAGE_TOKEN, Tokens, encode

DIRECT_SUFFIX = ""
"""Asks for the whole answer."""
SUB_TASK_SUFFIX = "Sub task:"
"""Asks for the next sub-task only."""


def task_text(instruction: str, suffix: str = DIRECT_SUFFIX) -> str:
    r"""Return the text that follows the images; the closing tag really is written with a backslash."""
    return f"<TASK> {instruction.strip()} <\\TASK>\n{suffix}"


def render(
    tokens: Tokens,
    camera_keys: Sequence[str],
    instruction: str,
    num_image_tokens: int,
    suffix: str = DIRECT_SUFFIX,
) -> str:
    """Write the prompt of one observation, up to the marker after which the model answers.

    Args:
        tokens: The tokenizer, with the chat template of its checkpoint.
        camera_keys: Feature keys of the cameras, in order.
        instruction: What to do, in words.
        num_image_tokens: Tokens per image.
        suffix: `DIRECT_SUFFIX` or `SUB_TASK_SUFFIX`.

    Raises:
        PromptError: The instruction is empty or contains a special token.
    """
    if not instruction.strip():
        raise PromptError("the instruction is empty; say in words what the robot should do")
    special = [token for token in tokens.tokenizer.get_added_vocab() if token in instruction]
    if special:
        raise PromptError(f"the instruction contains the special token {special[0]}; use plain words")
    content: list[dict[str, str]] = []
    for key in camera_keys:
        content += [{"type": "text", "text": key}, {"type": "image"}]
    content.append({"type": "text", "text": task_text(instruction, suffix)})
    text = tokens.tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    return str(text).replace(IMAGE_TOKEN, IMAGE_TOKEN * num_image_tokens)


def tokenize(tokens: Tokens, text: str) -> NDArray[np.int64]:
    """Return the token ids (L,) of a rendered prompt."""
    return np.array(encode(tokens.tokenizer, text), dtype=np.int64)


def prompt_mask(tokens: Tokens, input_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the tokens (L,) up to and including the assistant marker: all that the action expert may see.

    Raises:
        PromptError: The tokens hold no assistant marker.
    """
    marker = np.array(tokens.assistant_ids, dtype=np.int64)
    if len(input_ids) >= len(marker):
        windows = np.lib.stride_tricks.sliding_window_view(input_ids, len(marker))
        found = np.flatnonzero((windows == marker).all(axis=1))
        if len(found):
            return np.asarray(np.arange(len(input_ids)) < found[0] + len(marker))
    raise PromptError(
        f"the assistant marker {tokens.tokenizer.decode(tokens.assistant_ids)!r} is not in the prompt of "
        f"{len(input_ids)} tokens; it was cut off or the chat template is not Qwen's"
    )
