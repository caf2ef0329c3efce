"""Parts of different checkpoints are told apart before any weight is read."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from zr0_core.feature_statistics import FeatureStatistics
from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.parts import fact_conflicts, require_parts_fit
from zr0_policy.errors import CheckpointError

JOINTS = "joint1, joint2, joint3, joint4, joint5, joint6, joint7, drive_joint"


def check(checkpoint: Checkpoint, facts: ServingFacts | None = None, **expert: Any) -> None:
    model = checkpoint.model
    require_parts_fit(
        "mine",
        checkpoint.facts if facts is None else facts,
        checkpoint.tokens,
        model.vlm.config,
        dataclasses.replace(model.expert.config, **expert),
    )


def with_statistics(facts: ServingFacts, key: str, **changes: Any) -> ServingFacts:
    changed = dataclasses.replace(facts.statistics[key], **changes)
    return dataclasses.replace(facts, statistics={**facts.statistics, key: changed})


def test_parts_of_one_checkpoint_fit(checkpoint: Checkpoint) -> None:
    check(checkpoint)


@pytest.mark.parametrize(
    ("expert", "match"),
    [
        ({"action_horizon": 8}, r"mine: action_horizon in action_expert_config.json is 8, .* xarm7_gripper is 16"),
        ({"vlm_output_embedding_dim": 2048}, "expects prompt features of width 2048, .* gives 96"),
        ({"state_dim": 7}, "statistics of 'observation.state' cannot be used .*8 components do not fit into .* 7"),
        ({"action_dim": 5}, "statistics of 'action' cannot be used .*8 components do not fit into the model's 5"),
    ],
)
def test_an_expert_of_another_size_is_refused(checkpoint: Checkpoint, expert: dict[str, Any], match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        check(checkpoint, **expert)


@pytest.mark.parametrize("key", ["observation.state", "action"])
@pytest.mark.parametrize(
    ("names", "match"),
    [
        (JOINTS.split(", ")[::-1], f"are in the order drive_joint, joint7, .*joint1, expected {JOINTS}"),
        (["x", *JOINTS.split(", ")[1:]], f"are for x, joint2, .*, expected {JOINTS}"),
    ],
)
def test_statistics_of_other_components_are_refused(
    checkpoint: Checkpoint, key: str, names: list[str], match: str
) -> None:
    facts = with_statistics(checkpoint.facts, key, names=tuple(names))
    with pytest.raises(CheckpointError, match=f"the statistics of '{key}' {match}"):
        check(checkpoint, facts)


def test_statistics_of_fewer_components_are_refused(checkpoint: Checkpoint) -> None:
    two = FeatureStatistics(names=("joint1", "joint2"), minimum=(0.0, 0.0), maximum=(1.0, 1.0))
    facts = dataclasses.replace(checkpoint.facts, statistics={**checkpoint.facts.statistics, "action": two})
    with pytest.raises(CheckpointError, match=rf"are for 2 components \(joint1, joint2\), expected 8 \({JOINTS}"):
        check(checkpoint, facts)


@pytest.mark.parametrize("key", ["observation.state", "action"])
def test_missing_statistics_are_refused(checkpoint: Checkpoint, key: str) -> None:
    rest = {name: item for name, item in checkpoint.facts.statistics.items() if name != key}
    with pytest.raises(CheckpointError, match=f"the statistics lack '{key}'; they have: {', '.join(rest)}"):
        check(checkpoint, dataclasses.replace(checkpoint.facts, statistics=rest))
    with pytest.raises(CheckpointError, match="they have: nothing"):
        check(checkpoint, dataclasses.replace(checkpoint.facts, statistics={}))


def test_a_component_that_does_not_vary_is_refused_unless_it_is_pinned(checkpoint: Checkpoint) -> None:
    low, high = checkpoint.facts.statistics["action"].q01, checkpoint.facts.statistics["action"].q99
    assert low is not None
    assert high is not None
    facts = with_statistics(checkpoint.facts, "action", q99=(low[0], *high[1:]))
    with pytest.raises(CheckpointError, match=r"'action' cannot be used .* quantile: joint1 does not vary"):
        check(checkpoint, facts)
    options = dataclasses.replace(facts.options, pinned=("joint1",))
    check(checkpoint, dataclasses.replace(facts, options=options))


def test_quantiles_that_were_not_measured_are_missed(checkpoint: Checkpoint) -> None:
    facts = with_statistics(checkpoint.facts, "observation.state", q01=None, q99=None)
    with pytest.raises(CheckpointError, match=r"'observation.state' cannot be used .*the statistics lack q01 and q99"):
        check(checkpoint, facts)


def with_options(facts: ServingFacts, **changes: Any) -> ServingFacts:
    return dataclasses.replace(facts, options=dataclasses.replace(facts.options, **changes))


def test_a_pinned_name_that_is_nowhere_is_refused(checkpoint: Checkpoint) -> None:
    facts = with_options(checkpoint.facts, pinned=("joint1", "elbow"))
    with pytest.raises(CheckpointError, match="pinned: elbow is neither in the state nor in the action of xarm7"):
        check(checkpoint, facts)


def test_an_image_size_that_gives_no_whole_patches_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(CheckpointError, match="the image size does not fit the vision tower"):
        check(checkpoint, with_options(checkpoint.facts, image_size=225))


def with_vlm(checkpoint: Checkpoint, change: Callable[[Any], object]) -> Any:
    config = type(checkpoint.model.vlm.config).from_dict(checkpoint.model.vlm.config.to_dict())
    change(config)
    return config


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda config: setattr(config, "image_token_id", 3), r"image_token_id in config.json is 3, the token"),
        (lambda config: setattr(config.text_config, "vocab_size", 2000), r"has \d+ tokens, the model only 2000 embed"),
        (lambda config: setattr(config.text_config, "hidden_size", 32), "features of width 96, .* gives 32"),
    ],
)
def test_another_vision_language_model_is_refused(
    checkpoint: Checkpoint, change: Callable[[Any], object], match: str
) -> None:
    with pytest.raises(CheckpointError, match=match):
        require_parts_fit(
            "mine",
            checkpoint.facts,
            checkpoint.tokens,
            with_vlm(checkpoint, change),
            checkpoint.model.expert.config,
        )


def test_all_conflicts_are_named_at_once(checkpoint: Checkpoint) -> None:
    facts = with_options(checkpoint.facts, pinned=("elbow",), image_size=225)
    expert = dataclasses.replace(checkpoint.model.expert.config, action_horizon=8)
    assert len(list(fact_conflicts(facts, checkpoint.model.vlm.config, expert))) == 3
    with pytest.raises(CheckpointError, match=r"mine: action_horizon .*; pinned: elbow .*; the image size"):
        check(checkpoint, facts, action_horizon=8)
