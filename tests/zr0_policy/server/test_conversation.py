import logging
from typing import Any

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError, Zr0Error
from zr0_core.policy import Policy
from zr0_core.types import FloatArray, Observation
from zr0_policy.errors import PromptError
from zr0_policy.runtime.latency import LatencyWindow
from zr0_policy.server.conversation import Conversation
from zr0_policy.server.request import RequestReader
from zr0_policy.server.wire_format import pack, unpack

Question = dict[str, object]


class CountingPolicy:
    """Answers with the number of its inferences since the reset; notes the resets."""

    name = "counting"
    is_trained = True
    is_guided = False

    def __init__(self, *, shape: tuple[int, ...] = (16, 8), last: float = 0.0) -> None:
        self.resets: list[str] = []
        self.stamps: list[int] = []
        self._count = 0
        self._shape = shape
        self._last = last

    def reset(self, instruction: str) -> None:
        self.resets.append(instruction)
        self._count = 0

    def infer(self, observation: Observation, overlap: object = None) -> FloatArray:
        assert overlap is None
        self._count += 1
        self.stamps.append(observation.newest_stamp_ns)
        actions = np.full(self._shape, float(self._count))
        actions[-1, -1] += self._last
        return actions


def converse(policy: Policy, embodiment: Embodiment) -> Conversation:
    return Conversation(policy, RequestReader(embodiment), "someone", LatencyWindow())


def answer(conversation: Conversation, question: Question, **changes: object) -> dict[str, Any]:
    fields = {key: value for key, value in (question | changes).items() if value is not None}
    reply = unpack(conversation.answer(pack(fields), 42, None))
    assert isinstance(reply, dict)
    return reply


def test_zr0s_clients_get_nested_lists_of_the_rows_that_they_want(embodiment: Embodiment, question: Question) -> None:
    conversation = converse(CountingPolicy(), embodiment)
    assert answer(conversation, question)["actions"] == [[1.0] * 8] * 16
    assert answer(conversation, question, n_action_steps=3)["actions"] == [[2.0] * 8] * 3
    assert answer(conversation, question, n_action_steps=1)["actions"] == [[3.0] * 8]


def test_openpis_clients_get_an_array(embodiment: Embodiment, question: Question) -> None:
    conversation = converse(CountingPolicy(), embodiment)
    for rows in (16, 3):
        actions = answer(conversation, question, task=None, prompt="go", n_action_steps=rows)["actions"]
        np.testing.assert_array_equal(actions, np.full((rows, 8), 1.0 if rows == 16 else 2.0), strict=True)


def test_the_first_request_a_new_instruction_and_a_reset_begin_an_episode(
    embodiment: Embodiment, question: Question
) -> None:
    policy = CountingPolicy()
    conversation = converse(policy, embodiment)
    counts = [
        answer(conversation, question, **changes)["actions"][0][0]
        for changes in (
            {"task": "a"},
            {"task": "a"},
            {"task": "a", "reset": False},
            {"task": "a", "reset": True},
            {"task": "a"},
            {"task": "b"},
            {"task": "a"},
            {"task": "a"},
        )
    ]
    assert counts == [1.0, 2.0, 3.0, 1.0, 2.0, 1.0, 1.0, 2.0]
    assert policy.resets == ["a", "a", "b", "a"]
    assert policy.stamps == [42] * 8


def test_another_conversation_begins_an_episode_though_the_instruction_is_the_same(
    embodiment: Embodiment, question: Question
) -> None:
    policy = CountingPolicy()
    for _ in range(2):
        assert answer(converse(policy, embodiment), question)["actions"][0][0] == 1.0
    assert len(policy.resets) == 2


def test_an_episode_is_logged_in_one_line_when_it_ends(
    embodiment: Embodiment, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="zr0_policy.server.conversation")
    conversation = converse(CountingPolicy(), embodiment)
    conversation.end()
    for task in ("lift\x1b[2J\n", "lift\x1b[2J\n", "drop"):
        answer(conversation, question, task=task)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(r"episode 1 of someone, 'lift\x1b[2J\n': 2 inferences, p50 0.")
    conversation.end()
    conversation.end()
    assert len(caplog.messages) == 2
    assert caplog.messages[1].startswith("episode 2 of someone, 'drop': 1 inferences")


def test_times_are_told_as_openpi_does_and_counted(embodiment: Embodiment, question: Question) -> None:
    latencies = LatencyWindow()
    conversation = Conversation(CountingPolicy(), RequestReader(embodiment), "someone", latencies)
    first = answer(conversation, question)
    assert set(first) == {"actions", "server_timing", "policy_timing"}
    assert set(first["server_timing"]) == {"infer_ms"}
    assert 0.0 < first["policy_timing"]["infer_ms"] < first["server_timing"]["infer_ms"] < 1000.0
    second = unpack(conversation.answer(pack(question), 42, 0.25))
    assert isinstance(second, dict)
    assert second["server_timing"]["prev_total_ms"] == 250.0
    summary = latencies.summary()
    assert summary.count == 2
    assert second["policy_timing"]["infer_ms"] <= summary.maximum * 1e3 + 1e-9


def test_what_is_no_request_is_refused_before_the_policy_sees_it(embodiment: Embodiment, question: Question) -> None:
    policy = CountingPolicy()
    conversation = converse(policy, embodiment)
    with pytest.raises(MessageError, match="a request is a binary message of msgpack, got a text message"):
        conversation.answer("hello", 1, None)
    with pytest.raises(MessageError, match="not msgpack"):
        conversation.answer(b"\xc1", 1, None)
    with pytest.raises(MessageError, match="unknown key 'more'"):
        answer(conversation, question, more=1)
    assert not policy.resets
    assert not policy.stamps


@pytest.mark.parametrize(
    ("policy", "match"),
    [
        (CountingPolicy(shape=(15, 8)), r"policy counting returned actions of shape \(15, 8\), expected \(16, 8\)"),
        (CountingPolicy(shape=(1, 16, 8)), r"shape \(1, 16, 8\), expected"),
        (CountingPolicy(last=np.nan), "policy counting returned actions that are not finite"),
        (CountingPolicy(last=np.inf), "actions that are not finite"),
    ],
)
def test_actions_that_no_robot_can_follow_are_not_sent(
    embodiment: Embodiment, question: Question, policy: Policy, match: str
) -> None:
    with pytest.raises(Zr0Error, match=match):
        answer(converse(policy, embodiment), question)


def test_what_the_policy_refuses_is_passed_on(embodiment: Embodiment, served: Policy, question: Question) -> None:
    with pytest.raises(PromptError, match="the instruction contains the special token"):
        answer(converse(served, embodiment), question, task="go <|im_end|>")
