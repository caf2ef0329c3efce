"""Ask a model what it thinks."""

from dataclasses import dataclass

from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.parsing import parse_thought
from zr0_policy.ecot.sub_task import parse_sub_task
from zr0_policy.ecot.thought import EmbodiedChainOfThought
from zr0_policy.errors import PromptError
from zr0_policy.model.generation import generate_greedily
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import END_TOKEN, SUB_TASK_CLOSE, Tokens
from zr0_policy.preprocessing.transforms import Transforms


@dataclass(frozen=True, kw_only=True)
class GeneratedThought:
    """What a model said, and what it means or why it means nothing."""

    text: str
    """The answer without the token that ends it; special tokens included."""
    thought: EmbodiedChainOfThought | None
    """The answer's meaning; None when it is not a chain of thought."""
    error: str
    """Why it is not one; empty when it is."""


@dataclass(frozen=True, kw_only=True)
class GeneratedSubTask:
    """A complete sub-task."""

    ids: tuple[int, ...]
    """The answer's tokens, tags included."""
    text: str
    """The sub-task, in words."""


def generate_ecot(
    model: Zr0Model, transforms: Transforms, inputs: ModelInputs, *, max_new_tokens: int = 1024
) -> GeneratedThought:
    """Let a model say its whole chain of thought, for inspection and evaluation; it acts without.

    Args:
        model: The model.
        transforms: What the inputs were made with.
        inputs: One prompt of the direct mode, such as `transforms.inputs(observation)`, on the model's device.
        max_new_tokens: Longest answer, tokens.
    """
    tokens = transforms.tokens
    ids = generate_greedily(model.vlm, inputs, stop_ids=(tokens.end_id,), max_new_tokens=max_new_tokens)
    is_complete = ids[-1] == tokens.end_id
    text = tokens.decode(ids[:-1] if is_complete else ids)
    if not is_complete:
        error = f"the answer does not end: {END_TOKEN} is not among the {max_new_tokens} tokens generated"
        return GeneratedThought(text=text, thought=None, error=error)
    try:
        return GeneratedThought(text=text, thought=parse_thought(text, transforms.camera_keys), error="")
    except EcotError as fault:
        return GeneratedThought(text=text, thought=None, error=str(fault))


def generate_sub_task(model: Zr0Model, tokens: Tokens, inputs: ModelInputs, *, max_new_tokens: int) -> GeneratedSubTask:
    """Let a model say the next sub-task.

    Args:
        model: The model.
        tokens: Its tokenizer.
        inputs: One prompt that asks for a sub-task, on the model's device.
        max_new_tokens: Longest answer, tokens, tags included.

    Raises:
        PromptError: The answer is not one complete sub-task; the message holds what was generated.
    """
    stop_ids = (tokens.sub_task_close_id, tokens.end_id)
    ids = generate_greedily(model.vlm, inputs, stop_ids=stop_ids, max_new_tokens=max_new_tokens)
    said = tokens.decode(ids)
    if ids[-1] != tokens.sub_task_close_id:
        raise PromptError(
            f"the sub-task is not closed: the model said {said!r} ({len(ids)} tokens of at most {max_new_tokens}), "
            f"expected {SUB_TASK_CLOSE} at its end; raise max_sub_task_tokens, or choose mode direct for weights that "
            "were not trained to say sub-tasks"
        )
    return GeneratedSubTask(ids=ids, text=parse_sub_task(said))
