import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import FloatArray, Observation, Overlap
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.save import save_checkpoint
from zr0_policy.ecot.sub_task import sub_task_text
from zr0_policy.engine.sampler import ReadableSampler
from zr0_policy.errors import CheckpointError, PromptError
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import Rotation
from zr0_policy.model.self_consistency import most_consistent
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.policies.zr0 import Zr0Policy
from zr0_policy.preprocessing.prompt import PromptMode
from zr0_policy.preprocessing.tokens import encode
from zr0_test_support.lessons import taught

OTHER_INSTRUCTION = "Put the blue cube into the red bin."


def context(
    embodiment: Embodiment,
    *,
    device: str = "cpu",
    dtype: str = "auto",
    engine: str = "auto",
    precision: str = "full",
    num_samples: int = 1,
) -> PolicyContext:
    return PolicyContext(
        embodiment=embodiment,
        checkpoint="zr0_tiny_xarm7",
        device=device,
        seed=0,
        dtype=dtype,
        engine=engine,
        precision=precision,
        num_samples=num_samples,
    )


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


def with_options(checkpoint: Checkpoint, **options: Any) -> Checkpoint:
    """The checkpoint with one image token per camera, so that tests are quick."""
    facts = dataclasses.replace(checkpoint.facts, options=Zr0Options(image_size=32, **options))
    return dataclasses.replace(checkpoint, facts=facts)


def at(observation: Observation, stamp_s: float) -> Observation:
    """The observation at another moment, darker with every second."""
    stamp_ns = round(stamp_s * 1e9)
    images = tuple(
        dataclasses.replace(image, stamp_ns=stamp_ns, rgb=(image.rgb * 0.5**stamp_s).astype(np.uint8))
        for image in observation.images
    )
    return dataclasses.replace(observation, images=images, state_stamp_ns=stamp_ns)


def sampled(checkpoint: Checkpoint, inputs: ModelInputs, seed: int, number: int = 0) -> FloatArray:
    """The chunk that is sampled after so many others in an episode, without a policy."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(number + 1):
        noise = torch.randn(inputs.action_mask.shape, generator=generator)
    return checkpoint.transforms().actions(checkpoint.model.sample(inputs, noise, 5)[0])


@pytest.fixture(scope="module")
def speaking(checkpoint: Checkpoint, observation: Observation) -> Checkpoint:
    """A model that says one sub-task for the observation and another for the other instruction."""
    small = with_options(checkpoint, mode=PromptMode.SUB_TASK)
    transforms = small.transforms()
    other = dataclasses.replace(observation, instruction=OTHER_INSTRUCTION)
    lessons = {
        sub_task_text("grasp it"): transforms.inputs(observation, PromptMode.SUB_TASK),
        sub_task_text("done"): transforms.inputs(other, PromptMode.SUB_TASK),
    }
    return taught(small, lessons)


def test_in_sub_task_mode_acts_on_the_sub_task_that_it_said(
    speaking: Checkpoint, observation: Observation, caplog: pytest.LogCaptureFixture
) -> None:
    policy = Zr0Policy(speaking, seed=3)
    policy.reset(observation.instruction)
    assert policy.last_sub_task == ""
    with caplog.at_level(logging.INFO):
        actions = policy.infer(observation)
    assert policy.last_sub_task == "grasp it"
    assert "sub-task: grasp it" in caplog.text
    transforms = speaking.transforms()
    prompt = transforms.inputs(observation, PromptMode.SUB_TASK)
    chunks = {
        text: sampled(
            speaking,
            transforms.with_answer(prompt, encode(speaking.tokens.tokenizer, text), PromptMode.SUB_TASK),
            seed=3,
        )
        for text in ("<SUB_TASK>grasp it</SUB_TASK>", "<SUB_TASK>done</SUB_TASK>")
    }
    said, other = chunks.values()
    np.testing.assert_allclose(actions, said, atol=1e-6)
    assert np.abs(actions - other).max() > 1e-4


def test_a_sub_task_is_said_anew_at_every_inference(
    speaking: Checkpoint, observation: Observation, caplog: pytest.LogCaptureFixture
) -> None:
    policy = Zr0Policy(speaking, seed=3)
    with caplog.at_level(logging.INFO):
        policy.infer(observation)
        policy.infer(observation)
        policy.infer(dataclasses.replace(observation, instruction=OTHER_INSTRUCTION))
    assert policy.last_sub_task == "done"
    assert [text for text in caplog.messages if text.startswith("sub-task")] == ["sub-task: grasp it", "sub-task: done"]
    policy.reset(observation.instruction)
    assert policy.last_sub_task == ""


def test_never_acts_on_a_sub_task_that_was_cut_off(speaking: Checkpoint, observation: Observation) -> None:
    options = dataclasses.replace(speaking.facts.options, max_sub_task_tokens=3)
    short = dataclasses.replace(speaking, facts=dataclasses.replace(speaking.facts, options=options))
    policy = Zr0Policy(short, seed=0)
    with pytest.raises(PromptError, match=r"the sub-task is not closed: the model said '<SUB_TASK>g.*3 tokens of at"):
        policy.infer(observation)
    assert policy.last_sub_task == ""


def test_direct_mode_says_nothing(checkpoint: Checkpoint, observation: Observation) -> None:
    small = with_options(checkpoint)
    policy = Zr0Policy(small, seed=3)
    np.testing.assert_allclose(
        policy.infer(observation), sampled(small, small.transforms().inputs(observation), seed=3), atol=1e-6
    )
    assert policy.last_sub_task == ""


def test_earlier_frames_are_in_the_prompt_until_the_next_episode(
    checkpoint: Checkpoint, embodiment: Embodiment, observation: Observation
) -> None:
    small = with_options(checkpoint, window_size=3, history_spacing_steps=2)
    transforms = small.transforms()
    spacing_s = 2 * embodiment.action.step_period
    moments = [at(observation, 1.0 + spacing_s * number) for number in range(5)]
    patches = [transforms.patches(moment.images) for moment in moments]

    def expected(window: list[int], number: int) -> FloatArray:
        frames = [patches[index] for index in window]
        inputs = transforms.assemble(frames, observation.state, observation.instruction)
        return sampled(small, inputs, seed=3, number=number)

    policy = Zr0Policy(small, seed=3)
    windows = [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]
    for number, (moment, window) in enumerate(zip(moments, windows, strict=True)):
        np.testing.assert_allclose(policy.infer(moment), expected(window, number), atol=1e-6)
    assert np.abs(expected([2, 3, 4], 4) - expected([4, 4, 4], 4)).max() > 1e-4
    policy.reset(observation.instruction)
    np.testing.assert_allclose(policy.infer(moments[4]), expected([4, 4, 4], 0), atol=1e-6)


def test_frames_are_spaced_by_executed_steps_not_by_inferences(
    checkpoint: Checkpoint, embodiment: Embodiment, observation: Observation
) -> None:
    small = with_options(checkpoint, window_size=2, history_spacing_steps=4)
    transforms, step_s = small.transforms(), embodiment.action.step_period
    moments = [at(observation, 1.0 + step_s * number) for number in range(7)]
    policy = Zr0Policy(small, seed=0)
    for moment in moments[:-1]:
        policy.infer(moment)
    window = [transforms.patches(moments[index].images) for index in (2, 6)]
    inputs = transforms.assemble(window, observation.state, observation.instruction)
    np.testing.assert_allclose(policy.infer(moments[-1]), sampled(small, inputs, seed=0, number=6), atol=1e-6)


def test_warming_up_leaves_nothing_behind(
    checkpoint: Checkpoint, speaking: Checkpoint, observation: Observation, caplog: pytest.LogCaptureFixture
) -> None:
    for weights in (with_options(checkpoint, window_size=2), speaking):
        policy = Zr0Policy(weights, seed=3)
        policy.warm_up()
        assert policy.last_sub_task == ""
        np.testing.assert_array_equal(policy.infer(observation), Zr0Policy(weights, seed=3).infer(observation))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


class Witness(ReadableSampler):
    """Remembers which chunks were guided."""

    def __init__(self, model: Zr0Model) -> None:
        super().__init__(model, 5)
        self.guided: list[bool] = []

    def sample(self, inputs: ModelInputs, noise: torch.Tensor, guidance: Guidance | None = None) -> torch.Tensor:
        self.guided.append(guidance is not None)
        return super().sample(inputs, noise, guidance)


def test_warming_up_runs_free_and_guided_chunks(checkpoint: Checkpoint) -> None:
    small = with_options(checkpoint)
    witness = Witness(small.model)
    Zr0Policy(small, seed=0, sampler=witness).warm_up()
    assert witness.guided == [False, True]


def test_weights_that_say_nothing_of_a_blank_image_can_be_warmed_up(checkpoint: Checkpoint) -> None:
    Zr0Policy(with_options(checkpoint, mode=PromptMode.SUB_TASK), seed=0).warm_up()


def test_an_overlap_is_continued(checkpoint: Checkpoint, observation: Observation) -> None:
    guided, alone = (Zr0Policy(with_options(checkpoint), seed=3) for _ in range(2))
    assert guided.is_guided
    free = alone.infer(observation)
    middle = np.append(checkpoint.facts.embodiment.home, 0.4)
    rest = np.tile(middle + 0.1, (12, 1))
    continued = guided.infer(observation, Overlap(actions=rest, num_frozen=8))
    assert np.abs(continued[:8, :7] - rest[:8, :7]).mean() < 0.9 * np.abs(free[:8, :7] - rest[:8, :7]).mean()
    transforms = with_options(checkpoint).transforms()
    guidance = Guidance.from_overlap(transforms.targets(rest), 8, 16)
    inputs = transforms.inputs(observation)
    noise = torch.randn(inputs.action_mask.shape, generator=torch.Generator().manual_seed(3))
    expected = transforms.actions(checkpoint.model.sample(inputs, noise, 5, guidance)[0])
    np.testing.assert_allclose(continued, expected, atol=1e-6)


def test_of_several_samples_takes_the_one_that_the_others_agree_with(
    checkpoint: Checkpoint, observation: Observation
) -> None:
    small = with_options(checkpoint)
    inputs = small.transforms().inputs(observation)
    noise = torch.randn((5, 16, 64), generator=torch.Generator().manual_seed(3))
    candidates = torch.cat([small.model.sample(inputs, row[None], 5) for row in noise])
    expected = small.transforms().actions(candidates[most_consistent(candidates[..., :8])])
    policy = Zr0Policy(small, seed=3, num_samples=5)
    np.testing.assert_allclose(policy.infer(observation), expected, atol=1e-5)
    assert np.abs(expected - small.transforms().actions(candidates[0])).max() > 1e-3


def test_all_engines_on_a_cpu_act_alike(embodiment: Embodiment, observation: Observation) -> None:
    chunks = [
        make_policy("zr0", context(embodiment, engine=engine)).infer(observation) for engine in ("readable", "fast")
    ]
    np.testing.assert_allclose(chunks[0], chunks[1], atol=1e-4)


def test_lower_precisions_are_tried_on_probes(
    checkpoint: Checkpoint, observation: Observation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_checkpoint(checkpoint, tmp_path / "saved")
    asked = context(checkpoint.facts.embodiment, precision="float8_expert", dtype="bfloat16")
    with caplog.at_level(logging.INFO):
        policy = make_policy("zr0", dataclasses.replace(asked, checkpoint=str(tmp_path / "saved")))
    assert "precision float8_expert: smallest cosine of 4 probes to full precision 0.999" in caplog.text
    assert np.isfinite(policy.infer(observation)).all()
    assert np.isfinite(policy.infer(observation, Overlap(actions=np.zeros((9, 8)), num_frozen=3))).all()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"engine": "quick"}, "engine is 'quick', expected one of: auto, readable, fast, graph, compiled"),
        ({"engine": "fst"}, "did you mean 'fast'"),
        ({"engine": "graph"}, "zr0_tiny_xarm7 cannot be run as asked: engine 'graph' needs a CUDA device"),
        ({"precision": "int4"}, "precision is 'int4', expected one of: full, float8_expert, float8"),
        ({"num_samples": 0}, "num_samples is 0, expected at least 1"),
        ({"dtype": "float16"}, "dtype is 'float16', expected one of: auto, float32, bfloat16"),
    ],
)
def test_ways_to_run_that_are_not_there_are_refused(
    embodiment: Embodiment, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(Zr0Error, match=match):
        make_policy("zr0", context(embodiment, **changes))


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


def test_weights_without_facts_of_their_own_are_served_with_a_folder_of_them(
    checkpoint: Checkpoint, observation: Observation, tmp_path: Path
) -> None:
    bare, facts = tmp_path / "published", tmp_path / "facts"
    save_checkpoint(checkpoint, bare)
    facts.mkdir()
    for name in layout.OWN_FILES:
        (bare / name).rename(facts / name)
    asked = dataclasses.replace(context(checkpoint.facts.embodiment), checkpoint=str(bare))
    with pytest.raises(CheckpointError, match=r"published lacks embodiment\.yaml"):
        make_policy("zr0", asked)
    policy = make_policy("zr0", dataclasses.replace(asked, checkpoint_facts=str(facts)))
    np.testing.assert_allclose(policy.infer(observation), Zr0Policy(checkpoint, seed=0).infer(observation), atol=1e-5)


def test_rounded_rotations_are_an_option_of_the_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    rounded = with_options(checkpoint, rotation=Rotation.BFLOAT16)
    save_checkpoint(rounded, tmp_path / "rounded")
    save_checkpoint(with_options(checkpoint), tmp_path / "exact")
    rotaries = [
        load_checkpoint(tmp_path / name).model.vlm.model.language_model.rotary_emb.inv_freq
        for name in ("rounded", "exact")
    ]
    assert torch.equal(rotaries[0], rotaries[1].bfloat16().float())
    assert not torch.equal(rotaries[0], rotaries[1])
