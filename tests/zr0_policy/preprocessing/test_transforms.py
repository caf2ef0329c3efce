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
from zr0_policy.errors import CheckpointError, PromptError
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.image import PatchLayout, Resizer, preprocess
from zr0_policy.preprocessing.prompt import PromptMode
from zr0_policy.preprocessing.tokens import encode
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


def test_the_same_observation_gives_the_same_inputs_byte_for_byte(
    checkpoint: Checkpoint, observation: Observation
) -> None:
    live, offline = checkpoint.transforms(), checkpoint.transforms()
    live.inputs(dataclasses.replace(observation, instruction="Something else."))
    patches = offline.patches(observation.images)
    pairs = zip(
        dataclasses.astuple(live.inputs(observation)),
        dataclasses.astuple(offline.assemble([patches], observation.state, observation.instruction)),
        strict=True,
    )
    for ours, theirs in pairs:
        assert ours.dtype == theirs.dtype
        assert ours.numpy().tobytes() == theirs.numpy().tobytes()


@pytest.mark.parametrize(("mode", "end"), [(PromptMode.DIRECT, "<\\TASK>\n"), (PromptMode.SUB_TASK, "\nSub task:")])
def test_an_observation_is_asked_about_in_the_mode(
    transforms: Transforms, observation: Observation, mode: PromptMode, end: str
) -> None:
    text = transforms.tokens.decode(transforms.inputs(observation, mode).input_ids[0].tolist())
    assert text.endswith(f"{end}<|im_end|>\n<|im_start|>assistant\n")


def test_the_last_prompt_is_kept_only_for_the_same_question(transforms: Transforms) -> None:
    first = transforms.prompt("go")
    assert transforms.prompt("go") is first
    lengths = {len(first.input_ids), len(transforms.prompt("go", PromptMode.SUB_TASK).input_ids)}
    lengths |= {len(transforms.prompt("go", window_size=2).input_ids), len(transforms.prompt("stop it").input_ids)}
    assert len(lengths) == 4
    np.testing.assert_array_equal(transforms.prompt("go").input_ids, first.input_ids)


@pytest.mark.parametrize("resizer", list(Resizer))
def test_images_are_stretched_as_the_weights_want_it(
    checkpoint: Checkpoint, observation: Observation, resizer: Resizer
) -> None:
    options = dataclasses.replace(checkpoint.facts.options, resizer=resizer)
    facts = dataclasses.replace(checkpoint.facts, options=options)
    transforms = dataclasses.replace(checkpoint, facts=facts).transforms()
    expected = [preprocess(image.rgb, PatchLayout(resizer=resizer)) for image in observation.images]
    np.testing.assert_array_equal(transforms.patches(observation.images), np.concatenate(expected))


def test_a_window_holds_every_camera_of_every_moment_oldest_first(
    transforms: Transforms, observation: Observation
) -> None:
    dark = [dataclasses.replace(image, rgb=image.rgb // (2 + index)) for index, image in enumerate(observation.images)]
    older, newer = transforms.patches(dark), transforms.patches(observation.images)
    inputs = transforms.assemble([older, newer], observation.state, "go", PromptMode.SUB_TASK)
    assert inputs.image_grid_thw.tolist() == [[1, 14, 14]] * 4
    np.testing.assert_array_equal(inputs.pixel_values.numpy(), np.concatenate([older, newer]))
    np.testing.assert_array_equal(older[:196], preprocess(dark[0].rgb, PatchLayout()))
    text = transforms.tokens.decode(inputs.input_ids[0].tolist()).replace("<|image_pad|>" * 49, "*")
    assert text == (
        "<|im_start|>user\n"
        "historical-observation-0.observation.images.front<|vision_start|>*<|vision_end|>"
        "historical-observation-0.observation.images.wrist<|vision_start|>*<|vision_end|>"
        "observation.images.front<|vision_start|>*<|vision_end|>"
        "observation.images.wrist<|vision_start|>*<|vision_end|>"
        "<TASK> go <\\TASK>\nSub task:<|im_end|>\n<|im_start|>assistant\n"
    )


def noise_for(inputs: ModelInputs) -> torch.Tensor:
    return torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(5))


def test_order_of_the_cameras_is_the_embodiments_and_matters(
    transforms: Transforms, model: Zr0Model, observation: Observation
) -> None:
    front, wrist = observation.images
    exchanged = (dataclasses.replace(front, rgb=wrist.rgb), dataclasses.replace(wrist, rgb=front.rgb))
    assert [image.key for image in exchanged] == list(transforms.camera_keys)
    inputs = transforms.inputs(observation)
    other = transforms.inputs(dataclasses.replace(observation, images=exchanged))
    assert torch.equal(inputs.pixel_values[:196], other.pixel_values[196:])
    difference = model.sample(inputs, noise_for(inputs), 5) - model.sample(other, noise_for(inputs), 5)
    assert difference.abs().max() > 5e-4


def test_a_history_changes_actions(transforms: Transforms, model: Zr0Model, observation: Observation) -> None:
    newest = transforms.patches(observation.images)
    padded = transforms.assemble([newest, newest], observation.state, observation.instruction)
    moved = transforms.assemble([np.flip(newest).copy(), newest], observation.state, observation.instruction)
    difference = model.sample(padded, noise_for(padded), 5) - model.sample(moved, noise_for(padded), 5)
    assert difference.abs().max() > 5e-4


def answered(transforms: Transforms, inputs: ModelInputs, text: str, mode: PromptMode) -> ModelInputs:
    return transforms.with_answer(inputs, encode(transforms.tokens.tokenizer, text), mode)


def test_the_sub_task_changes_actions_and_nothing_after_its_closing_tag_can(
    transforms: Transforms, model: Zr0Model, observation: Observation
) -> None:
    inputs = transforms.inputs(observation, PromptMode.SUB_TASK)
    sampled = {
        text: model.sample(answered(transforms, inputs, text, PromptMode.SUB_TASK), noise_for(inputs), 5)
        for text in (
            "<SUB_TASK>grasp the cube</SUB_TASK>",
            "<SUB_TASK>open the hand</SUB_TASK>",
            "<SUB_TASK>grasp the cube</SUB_TASK><|im_end|>\n",
            "<SUB_TASK>grasp the cube</SUB_TASK> or open the hand <robot_action_7></SUB_TASK>",
        )
    }
    first, other, *longer = sampled.values()
    assert (first - other).abs().max() > 5e-4
    for actions in longer:
        torch.testing.assert_close(actions, first, atol=1e-5, rtol=1e-5)


def test_no_answer_changes_actions_in_direct_mode(
    transforms: Transforms, model: Zr0Model, observation: Observation
) -> None:
    inputs = transforms.inputs(observation)
    expected = model.sample(inputs, noise_for(inputs), 5)
    for text in ("{", "<SUB_TASK>grasp the cube</SUB_TASK>", "<|im_start|>assistant\nno<|im_end|>\n"):
        longer = answered(transforms, inputs, text, PromptMode.DIRECT)
        assert longer.attention_mask.tolist() == [[1] * longer.input_ids.shape[1]]
        torch.testing.assert_close(model.sample(longer, noise_for(inputs), 5), expected, atol=1e-5, rtol=1e-5)


def test_an_answer_is_put_behind_the_prompt(transforms: Transforms, observation: Observation) -> None:
    inputs = transforms.inputs(observation, PromptMode.SUB_TASK)
    longer = answered(transforms, inputs, "<SUB_TASK>a</SUB_TASK>!", PromptMode.SUB_TASK)
    text = transforms.tokens.decode(longer.input_ids[0, inputs.input_ids.shape[1] :].tolist())
    assert text == "<SUB_TASK>a</SUB_TASK>!"
    assert torch.equal(longer.input_ids[:, : inputs.input_ids.shape[1]], inputs.input_ids)
    assert longer.prompt_mask.sum() == longer.input_ids.shape[1] - 1
    assert longer.pixel_values is inputs.pixel_values


def test_answers_that_are_cut_off_or_to_several_prompts_are_refused(
    transforms: Transforms, observation: Observation
) -> None:
    inputs = transforms.inputs(observation, PromptMode.SUB_TASK)
    with pytest.raises(PromptError, match="the closing tag </SUB_TASK> is not in the answer '<SUB_TASK>a'"):
        answered(transforms, inputs, "<SUB_TASK>a", PromptMode.SUB_TASK)
    two = dataclasses.replace(inputs, input_ids=inputs.input_ids.expand(2, -1))
    with pytest.raises(ValueError, match="an answer belongs to one prompt, got a batch of 2"):
        answered(transforms, two, "<SUB_TASK>a</SUB_TASK>", PromptMode.SUB_TASK)


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
