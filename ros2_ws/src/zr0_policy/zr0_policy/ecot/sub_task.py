"""Sub-tasks as they are asked for and answered."""

from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.thought import Component, check_text
from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.tokens import SUB_TASK_CLOSE, SUB_TASK_OPEN


def sub_task_text(sub_task: str) -> str:
    """Write the answer to a prompt that asks for a sub-task.

    Raises:
        EcotError: The sub-task is empty or contains a special token.
    """
    check_text(Component.TO_DO, "", sub_task)
    return f"{SUB_TASK_OPEN}{sub_task}{SUB_TASK_CLOSE}"


def parse_sub_task(text: str) -> str:
    """Read the sub-task from an answer: the inverse of `sub_task_text`.

    Raises:
        PromptError: The answer does not open a sub-task, does not close it, or holds no plain words.
    """
    if not text.startswith(SUB_TASK_OPEN) or not text.endswith(SUB_TASK_CLOSE):
        raise PromptError(f"the model said {text!r}, expected {SUB_TASK_OPEN}...{SUB_TASK_CLOSE}")
    sub_task = text.removeprefix(SUB_TASK_OPEN).removesuffix(SUB_TASK_CLOSE)
    try:
        check_text(Component.TO_DO, "", sub_task)
    except EcotError as error:
        raise PromptError(f"the model said {text!r}, which holds no sub-task: {error}") from error
    return sub_task
