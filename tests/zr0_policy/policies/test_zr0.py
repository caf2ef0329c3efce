import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.errors import CheckpointError, PromptError
from zr0_policy.policies.zr0 import Zr0Policy


def context(embodiment: Embodiment, **changes: str) -> PolicyContext:
    values: dict[str, str] = {"checkpoint": "zr0_tiny_xarm7", "device": "cpu", **changes}
    return PolicyContext(embodiment=embodiment, checkpoint=values["checkpoint"], device=values["device"], seed=0)


def test_is_found_by_name_and_gives_chunks(embodiment: Embodiment, observation: Observation) -> None:
    policy = make_policy("zr0", context(embodiment))
    policy.reset(observation.instruction)
    actions = policy.infer(observation)
    assert actions.shape == (16, 8)
    assert np.isfinite(actions).all()


def test_noise_is_fresh_within_an_episode_and_the_same_in_the_next(
    checkpoint: Checkpoint, observation: Observation
) -> None:
    policy = Zr0Policy(checkpoint, seed=3)
    policy.reset(observation.instruction)
    first, second = policy.infer(observation), policy.infer(observation)
    assert np.abs(first - second).max() > 1e-3
    policy.reset(observation.instruction)
    np.testing.assert_array_equal(policy.infer(observation), first)
    other = Zr0Policy(checkpoint, seed=4)
    assert np.abs(other.infer(observation) - first).max() > 1e-3


def test_a_bad_instruction_is_refused_at_reset(checkpoint: Checkpoint) -> None:
    with pytest.raises(PromptError, match="the instruction is empty"):
        Zr0Policy(checkpoint, seed=0).reset(" ")


def test_another_robot_is_refused() -> None:
    with pytest.raises(CheckpointError, match="zr0_tiny_xarm7 is not for embodiment xarm6_gripper: name: got"):
        make_policy("zr0", context(Embodiment.load("xarm6_gripper")))


@pytest.mark.parametrize(
    ("device", "match"), [("gpu", "device 'gpu' is not a torch device"), ("cuda:7", "sees no CUDA device|cuda:7")]
)
def test_a_device_that_is_not_there_is_refused(embodiment: Embodiment, device: str, match: str) -> None:
    with pytest.raises(Zr0Error, match=match):
        make_policy("zr0", context(embodiment, device=device))
