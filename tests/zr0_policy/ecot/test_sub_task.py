import pytest
from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.sub_task import parse_sub_task, sub_task_text
from zr0_policy.errors import PromptError


def test_sub_task_is_written_in_its_tags_and_read_back() -> None:
    assert sub_task_text("done") == "<SUB_TASK>done</SUB_TASK>"
    for sub_task in ("pick up the cube", " 'tis – 赤 ", "<TASK>"):
        assert parse_sub_task(sub_task_text(sub_task)) == sub_task


@pytest.mark.parametrize(("sub_task", "match"), [("", "expected text"), ("a</SUB_TASK>", "expected plain words")])
def test_what_is_no_sub_task_is_not_written(sub_task: str, match: str) -> None:
    with pytest.raises(EcotError, match=match):
        sub_task_text(sub_task)


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("pick up</SUB_TASK>", "the model said 'pick up</SUB_TASK>', expected <SUB_TASK>...</SUB_TASK>"),
        ("<SUB_TASK>pick up", "the model said '<SUB_TASK>pick up', expected"),
        ("<SUB_TASK> </SUB_TASK>", "which holds no sub-task: To-do Actions: got ' ', expected text"),
        (
            "<SUB_TASK>a<robot_action_3></SUB_TASK>",
            "holds no sub-task: .* got '<robot_action_3>', expected plain words",
        ),
    ],
)
def test_an_answer_that_is_no_sub_task_is_refused(said: str, match: str) -> None:
    with pytest.raises(PromptError, match=match):
        parse_sub_task(said)
