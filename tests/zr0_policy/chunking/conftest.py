"""A fitted policy, shared by the tests of the strategies."""

import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.policy import Policy, PolicyContext, make_policy


@pytest.fixture(scope="module")
def policy(embodiment: Embodiment) -> Policy:
    context = PolicyContext(embodiment=embodiment, checkpoint="zr0_tiny_xarm7", device="cpu", seed=0)
    return make_policy("zr0", context)
