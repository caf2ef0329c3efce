"""Policies are found by name among what is installed."""

import sys
from pathlib import Path

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import CameraImage, Observation

CONTEXT = PolicyContext(embodiment=Embodiment.load("xarm7_gripper"), checkpoint="", device="cpu", seed=0)
STILL_POLICY = """
import numpy as np


class Still:
    name = "still"
    is_trained = True
    is_guided = False

    def __init__(self, context):
        self._horizon = context.embodiment.action.horizon

    def reset(self, instruction):
        self.instruction = instruction

    def infer(self, observation, overlap=None):
        return np.tile(observation.state, (self._horizon, 1))
"""


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that offers the policy `still`."""
    (tmp_path / "still_policy.py").write_text(STILL_POLICY)
    metadata = tmp_path / "still-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: still\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[zr0.policies]\nstill = still_policy:Still\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "still_policy", raising=False)


@pytest.mark.usefixtures("_installed")
def test_an_installed_policy_is_built_from_the_context() -> None:
    policy = make_policy("still", CONTEXT)
    policy.reset("stay")
    image = CameraImage(key="observation.images.front", stamp_ns=5, rgb=np.zeros((480, 640, 3), np.uint8))
    observation = Observation(images=(image,), state=np.arange(8.0), state_stamp_ns=3, instruction="stay")
    actions = policy.infer(observation)
    assert actions.shape == (16, 8)
    np.testing.assert_array_equal(actions[15], np.arange(8.0))
    assert observation.newest_stamp_ns == 5


@pytest.mark.usefixtures("_installed")
def test_an_unknown_policy_lists_what_there_is() -> None:
    with pytest.raises(Zr0Error, match=r"no policy named 'stil', available: .*still.*; did you mean 'still'\?"):
        make_policy("stil", CONTEXT)
