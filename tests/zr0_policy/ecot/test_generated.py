"""What models say: one that was taught two sub-tasks and a chain of thought, and one that knows nothing."""

import dataclasses

import pytest
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.ecot.generated import generate_ecot, generate_sub_task
from zr0_policy.ecot.sub_task import sub_task_text
from zr0_policy.ecot.thought import EmbodiedChainOfThought
from zr0_policy.errors import PromptError
from zr0_policy.preprocessing.prompt import PromptMode
from zr0_test_support.lessons import taught

THOUGHT = EmbodiedChainOfThought(
    reasoning="It is done.", is_finished=True, target_objects={}, action_tokens=(0, 2047, 17)
)
UNREADABLE = "Done<robot_action_3>"


@pytest.fixture(scope="module")
def small(checkpoint: Checkpoint) -> Checkpoint:
    """One image token per camera, so that lessons are short."""
    return dataclasses.replace(
        checkpoint, facts=dataclasses.replace(checkpoint.facts, options=Zr0Options(image_size=32))
    )


@pytest.fixture(scope="module")
def other(observation: Observation) -> Observation:
    return dataclasses.replace(observation, instruction="Put the blue cube into the red bin.")


@pytest.fixture(scope="module")
def speaking(small: Checkpoint, observation: Observation, other: Observation) -> Checkpoint:
    transforms = small.transforms()
    return taught(
        small,
        {
            sub_task_text("grasp it"): transforms.inputs(observation, PromptMode.SUB_TASK),
            sub_task_text("done"): transforms.inputs(other, PromptMode.SUB_TASK),
            THOUGHT.to_text(): transforms.inputs(observation),
            UNREADABLE: transforms.inputs(other),
        },
    )


def test_the_sub_task_that_was_taught_is_said(
    speaking: Checkpoint, observation: Observation, other: Observation
) -> None:
    transforms = speaking.transforms()
    for asked, expected in ((observation, "grasp it"), (other, "done")):
        inputs = transforms.inputs(asked, PromptMode.SUB_TASK)
        said = generate_sub_task(speaking.model, speaking.tokens, inputs, max_new_tokens=64)
        assert said.text == expected
        assert speaking.tokens.decode(said.ids) == sub_task_text(expected)
        assert said.ids[-1] == speaking.tokens.sub_task_close_id


def test_a_sub_task_that_is_not_closed_in_time_is_refused_with_its_text(
    speaking: Checkpoint, observation: Observation
) -> None:
    inputs = speaking.transforms().inputs(observation, PromptMode.SUB_TASK)
    length = len(generate_sub_task(speaking.model, speaking.tokens, inputs, max_new_tokens=64).ids)
    generate_sub_task(speaking.model, speaking.tokens, inputs, max_new_tokens=length)
    limit = length - 1
    with pytest.raises(
        PromptError, match=rf"said '<SUB_TASK>grasp it' \({limit} tokens of at most {limit}\), expected"
    ):
        generate_sub_task(speaking.model, speaking.tokens, inputs, max_new_tokens=limit)


def test_an_answer_that_ends_without_a_sub_task_is_refused(speaking: Checkpoint, other: Observation) -> None:
    inputs = speaking.transforms().inputs(other)
    with pytest.raises(PromptError, match=r"is not closed: the model said 'Done<robot_action_3><\|im_end\|>' \("):
        generate_sub_task(speaking.model, speaking.tokens, inputs, max_new_tokens=64)


def test_weights_that_know_nothing_say_no_sub_task(small: Checkpoint, observation: Observation) -> None:
    inputs = small.transforms().inputs(observation, PromptMode.SUB_TASK)
    with pytest.raises(PromptError, match="raise max_sub_task_tokens, or choose mode direct"):
        generate_sub_task(small.model, small.tokens, inputs, max_new_tokens=8)


def test_the_chain_of_thought_that_was_taught_is_said_and_read(speaking: Checkpoint, observation: Observation) -> None:
    transforms = speaking.transforms()
    said = generate_ecot(speaking.model, transforms, transforms.inputs(observation))
    assert (said.text, said.thought, said.error) == (THOUGHT.to_text(), THOUGHT, "")


def test_an_answer_that_is_no_chain_of_thought_is_told_with_its_text(speaking: Checkpoint, other: Observation) -> None:
    transforms = speaking.transforms()
    said = generate_ecot(speaking.model, transforms, transforms.inputs(other))
    assert (said.text, said.thought) == (UNREADABLE, None)
    assert said.error.startswith("the answer, line 1 column 1: got 'Done<robot_action_3>', expected JSON")


def test_an_answer_that_does_not_end_is_told(speaking: Checkpoint, observation: Observation) -> None:
    transforms = speaking.transforms()
    said = generate_ecot(speaking.model, transforms, transforms.inputs(observation), max_new_tokens=5)
    assert THOUGHT.to_text().startswith(said.text)
    assert said.thought is None
    assert said.error == "the answer does not end: <|im_end|> is not among the 5 tokens generated"
