"""The prompt, byte for byte as the published model was trained on it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.tokens import END_TOKEN, IMAGE_TOKEN, SUB_TASK_CLOSE, Tokens, encode


class PromptMode(StrEnum):
    """What a prompt asks for, and so what the action expert may see of the answer."""

    DIRECT = "direct"
    """The whole chain of thought; the expert sees the prompt only, so acting needs no answer at all."""
    SUB_TASK = "sub_task"
    """The next sub-task; the expert sees prompt and sub-task."""

    @property
    def suffix(self) -> str:
        """What follows the instruction."""
        return "Sub task:" if self is PromptMode.SUB_TASK else ""


def task_text(instruction: str, mode: PromptMode = PromptMode.DIRECT) -> str:
    r"""Return the text that follows the images; the closing tag really is written with a backslash."""
    return f"<TASK> {instruction.strip()} <\\TASK>\n{mode.suffix}"


def image_texts(camera_keys: Sequence[str], window_size: int = 1) -> tuple[str, ...]:
    """Return the text in front of every image of a history window.

    Args:
        camera_keys: Feature keys of the cameras, in order.
        window_size: Frames per camera, W.

    Returns:
        W * cameras texts, oldest frame first; the newest frame has the bare keys, the older ones count from 0.
    """
    older = [f"historical-observation-{frame}.{key}" for frame in range(window_size - 1) for key in camera_keys]
    return (*older, *camera_keys)


def render(
    tokens: Tokens,
    camera_keys: Sequence[str],
    instruction: str,
    num_image_tokens: int,
    *,
    mode: PromptMode = PromptMode.DIRECT,
    window_size: int = 1,
) -> str:
    """Write the prompt of a history window, up to the marker after which the model answers.

    Args:
        tokens: The tokenizer, with the chat template of its checkpoint.
        camera_keys: Feature keys of the cameras, in order.
        instruction: What to do, in words.
        num_image_tokens: Tokens per image.
        mode: What to ask for.
        window_size: Frames per camera.

    Raises:
        PromptError: The instruction is empty or contains a special token.
    """
    if not instruction.strip():
        raise PromptError("the instruction is empty; say in words what the robot should do")
    special = [token for token in tokens.tokenizer.get_added_vocab() if token in instruction]
    if special:
        raise PromptError(f"the instruction contains the special token {special[0]}; use plain words")
    content: list[dict[str, Any]] = []
    for text in image_texts(camera_keys, window_size):
        content += [{"type": "text", "text": text}, {"type": "image"}]
    content.append({"type": "text", "text": task_text(instruction, mode)})
    prompt = tokens.tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    return str(prompt).replace(IMAGE_TOKEN, IMAGE_TOKEN * num_image_tokens)


def render_answer(text: str) -> str:
    """Write what follows the prompt in a training sample: the model's answer and the end of its turn."""
    return f"{text}{END_TOKEN}\n"


def tokenize(tokens: Tokens, text: str) -> NDArray[np.int64]:
    """Return the token ids (L,) of a rendered prompt or answer."""
    return np.array(encode(tokens.tokenizer, text), dtype=np.int64)


def visible_mask(tokens: Tokens, input_ids: NDArray[np.int64], mode: PromptMode) -> NDArray[np.bool_]:
    """Mark the tokens (L,) that the action expert may see.

    Raises:
        PromptError: The tokens hold no assistant marker or, when asked for a sub-task, no closing tag after it.
    """
    return sub_task_mask(tokens, input_ids) if mode is PromptMode.SUB_TASK else prompt_mask(tokens, input_ids)


def prompt_mask(tokens: Tokens, input_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the tokens (L,) up to and including the assistant marker.

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
        f"the assistant marker {tokens.decode(tokens.assistant_ids)!r} is not in the prompt of {len(input_ids)} "
        "tokens; it was cut off or the chat template is not Qwen's"
    )


def sub_task_mask(tokens: Tokens, input_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the tokens (L,) of the prompt and of the sub-task after it, up to and including its closing tag.

    Raises:
        PromptError: The tokens hold no assistant marker, or no closing tag after it.
    """
    is_prompt = prompt_mask(tokens, input_ids)
    found = np.flatnonzero(~is_prompt & (input_ids == tokens.sub_task_close_id))
    if not len(found):
        answer = tokens.decode(input_ids[~is_prompt].tolist())
        raise PromptError(f"the closing tag {SUB_TASK_CLOSE} is not in the answer {answer!r}; the sub-task was cut off")
    return np.asarray(np.arange(len(input_ids)) <= found[0])
