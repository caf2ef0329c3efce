import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from zr0_core.embodiment import Embodiment
from zr0_core.errors import NormalisationError, Zr0Error
from zr0_core.normalisation import NormalisationMethod
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.errors import CheckpointError
from zr0_policy.preprocessing.image import PatchLayout, preprocess
from zr0_policy.preprocessing.transforms import Transforms


@pytest.fixture(scope="module")
def transforms(checkpoint: Checkpoint) -> Transforms:
    return checkpoint.transforms()


def replaced(checkpoint: Checkpoint, **changes: Any) -> Checkpoint:
    return dataclasses.replace(checkpoint, facts=dataclasses.replace(checkpoint.facts, **changes))


def test_inputs_of_an_observation(transforms: Transforms, observation: Observation) -> None:
    inputs = transforms.inputs(observation)
    length = inputs.input_ids.shape[1]
    assert inputs.attention_mask.tolist() == [[1] * length]
    assert inputs.prompt_mask.all()
    assert inputs.image_grid_thw.tolist() == [[1, 14, 14], [1, 14, 14]]
    assert inputs.pixel_values.shape == (392, 1536)
    np.testing.assert_array_equal(
        inputs.pixel_values[196:].numpy(), preprocess(observation.images[1].rgb, PatchLayout())
    )
    # Joint 1 is 0.1 above the middle of a range of 0.8; the gripper 0.1 below.
    assert inputs.state.shape == (1, 1, 64)
    assert inputs.state[0, 0, 0].item() == pytest.approx(0.25, abs=1e-6)
    assert inputs.state[0, 0, 7].item() == pytest.approx(-0.25, abs=1e-6)
    assert inputs.state[0, 0, 8:].abs().max() == 0.0
    assert inputs.action_mask.shape == (1, 16, 64)
    assert inputs.action_mask.sum().item() == 16 * 8


def test_actions_are_the_inverse_of_targets(transforms: Transforms, embodiment: Embodiment) -> None:
    rng = np.random.default_rng(0)
    actions = np.append(embodiment.home, 0.4) + rng.uniform(-0.3, 0.3, (3, 16, 8))
    np.testing.assert_allclose(transforms.actions(transforms.targets(actions)), actions, atol=1e-6)


def test_only_the_gripper_saturates(transforms: Transforms, embodiment: Embodiment) -> None:
    padded = torch.zeros(16, 64)
    padded[0, :8], padded[1, :8] = 3.0, -3.0
    actions = transforms.actions(padded)
    np.testing.assert_allclose(actions[0], np.append(embodiment.home + 1.2, 0.85), atol=1e-6)
    np.testing.assert_allclose(actions[1], np.append(embodiment.home - 1.2, 0.0), atol=1e-6)


def test_other_cameras_are_refused(transforms: Transforms, observation: Observation) -> None:
    swapped = dataclasses.replace(observation, images=observation.images[::-1])
    with pytest.raises(Zr0Error, match=r"has images observation.images.wrist, observation.images.front, expected"):
        transforms.inputs(swapped)


def test_statistics_that_do_not_fit_are_refused(checkpoint: Checkpoint) -> None:
    statistics = dict(checkpoint.facts.statistics)
    state = statistics.pop("observation.state")
    with pytest.raises(CheckpointError, match=r"lack 'observation.state'; they have: action"):
        replaced(checkpoint, statistics=statistics).transforms()
    renamed = dataclasses.replace(state, names=("elbow", *state.names[1:]))
    with pytest.raises(CheckpointError, match="are for elbow, joint2"):
        replaced(checkpoint, statistics={**statistics, "observation.state": renamed}).transforms()
    flat = dataclasses.replace(state, q99=(state.q01 or ())[:1] + (state.q99 or ())[1:])
    with pytest.raises(NormalisationError, match="joint1 does not vary"):
        replaced(checkpoint, statistics={**statistics, "observation.state": flat}).transforms()


def test_a_constant_component_can_be_pinned(checkpoint: Checkpoint) -> None:
    state = checkpoint.facts.statistics["observation.state"]
    flat = dataclasses.replace(state, maximum=state.minimum[:1] + state.maximum[1:])
    options = Zr0Options(normalisation=NormalisationMethod.MIN_MAX, pinned=("joint1",))
    statistics = {"observation.state": flat, "action": checkpoint.facts.statistics["action"]}
    transforms = replaced(checkpoint, statistics=statistics, options=options).transforms()
    assert transforms.state_normaliser.pinned == ("joint1",)


def test_another_horizon_is_refused(checkpoint: Checkpoint, embodiment: Embodiment) -> None:
    longer = dataclasses.replace(embodiment, action=dataclasses.replace(embodiment.action, horizon=32))
    with pytest.raises(CheckpointError, match=r"action_horizon of the checkpoint is 16, action.horizon .* is 32"):
        replaced(checkpoint, embodiment=longer).transforms()


def test_an_image_size_that_the_vision_tower_cannot_take_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(CheckpointError, match="the image size does not fit the vision tower: image_size is 225"):
        replaced(checkpoint, options=Zr0Options(image_size=225)).transforms()
