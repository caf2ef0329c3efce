import logging

import pytest
from zr0_policy.errors import CheckpointError
from zr0_policy.model.config import ActionExpertConfig, TransformerConfig


def test_defaults_are_the_published_ones_and_survive_the_file() -> None:
    config = ActionExpertConfig()
    data = config.to_mapping()
    assert data["diffusion_transformer_cfg"]["num_layers"] == 9
    assert data["noise_s"] == 0.999
    assert ActionExpertConfig.from_mapping(data, "here") == config


def test_blocks_0_4_8_attend_to_actions() -> None:
    config = TransformerConfig()
    assert [index for index in range(9) if config.is_self_attention(index)] == [0, 4, 8]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"state_dim": None}, "here: state_dim is None, expected int"),
        ({"noise_s": 1.5}, "noise_s is 1.5, expected in"),
        ({"action_horizon": 300}, "action_horizon is 300, expected at most 256"),
        ({"action_or_state_token_embedding_dim": 1024}, "is 1024, expected 2048, which is num_attention_heads"),
        ({"add_pos_embed": 1}, "add_pos_embed is 1, expected bool"),
        ({"diffusion_transformer_cfg": 3}, "diffusion_transformer_cfg must be a mapping, got 3"),
    ],
)
def test_bad_values_are_refused_by_name(changes: dict[str, object], match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        ActionExpertConfig.from_mapping({**ActionExpertConfig().to_mapping(), **changes}, "here")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"activation_fn": "gelu"}, "activation_fn is 'gelu', expected 'gelu-approximate', the only one implemented"),
        ({"interleave_self_attention": False}, "interleave_self_attention is False"),
        ({"num_layers": 0}, "num_layers is 0, expected at least 1"),
        ({"dropout": 1.0}, "dropout is 1.0, expected in"),
    ],
)
def test_transformer_values_that_are_not_implemented_are_refused(changes: dict[str, object], match: str) -> None:
    data = ActionExpertConfig().to_mapping()
    data["diffusion_transformer_cfg"].update(changes)
    with pytest.raises(CheckpointError, match=match):
        ActionExpertConfig.from_mapping(data, "here")


def test_a_missing_key_is_named_with_the_likely_misspelling(caplog: pytest.LogCaptureFixture) -> None:
    data = ActionExpertConfig().to_mapping()
    data["action_horizn"] = data.pop("action_horizon")
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(CheckpointError, match="here lacks action_horizon; did 'action_horizn' mean"),
    ):
        ActionExpertConfig.from_mapping(data, "here")
    assert "ignoring unknown keys action_horizn" in caplog.text
