"""Our loading gives what transformers' own loading gives, down to the last buffer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.vlm_skeleton import build_vlm, put_weights, read_generation_config, tied_names
from zr0_policy.errors import CheckpointError

Copy = Callable[[Path], Path]
CPU = torch.device("cpu")


def theirs(directory: Path, dtype: torch.dtype) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(str(directory), dtype=dtype, local_files_only=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("source", ["saved", "saved_in_shards"])
def test_every_parameter_and_buffer_is_that_of_from_pretrained(
    source: str, dtype: torch.dtype, request: pytest.FixtureRequest
) -> None:
    directory = request.getfixturevalue(source)
    expected, got = theirs(directory, dtype), load_checkpoint(directory, dtype=dtype).model.vlm
    for listing in ("named_parameters", "named_buffers"):
        ours = dict(getattr(got, listing)(remove_duplicate=False))
        reference = dict(getattr(expected, listing)(remove_duplicate=False))
        assert list(ours) == list(reference)
        for name, tensor in reference.items():
            assert ours[name].dtype == tensor.dtype, name
            assert torch.equal(ours[name], tensor), name
    assert sum(1 for name, _ in got.named_buffers() if name.endswith("inv_freq")) == 4
    assert list(got.state_dict()) == list(expected.state_dict())
    assert got.lm_head.weight is got.model.language_model.embed_tokens.weight
    assert not got.training
    assert not any(module.training for module in got.modules())


def test_configuration_and_attention_are_those_of_from_pretrained(saved: Path) -> None:
    expected, got = theirs(saved, torch.bfloat16), load_checkpoint(saved, dtype=torch.bfloat16).model.vlm
    assert got.config.to_dict() == expected.config.to_dict()
    assert got.generation_config.to_dict() == expected.generation_config.to_dict()
    assert got.dtype == expected.dtype == torch.bfloat16
    for part in ("text_config", "vision_config"):
        ours, reference = getattr(got.config, part), getattr(expected.config, part)
        assert ours._attn_implementation == reference._attn_implementation == "sdpa"


def test_rotary_frequencies_are_the_formula_in_single_precision(saved: Path) -> None:
    vlm = load_checkpoint(saved, dtype=torch.bfloat16).model.vlm
    width = 24  # of a head
    expected = 5e6 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    frequencies = vlm.model.language_model.rotary_emb.inv_freq
    assert frequencies.dtype == torch.float32
    torch.testing.assert_close(frequencies.double(), expected, rtol=1e-6, atol=0)


def test_a_structure_takes_no_memory(saved: Path) -> None:
    config = Qwen3VLConfig.from_pretrained(str(saved))
    vlm = build_vlm(config, "test")
    assert all(tensor.is_meta for tensor in (*vlm.parameters(), *vlm.buffers()))
    assert tied_names(vlm) == {"lm_head.weight": "model.language_model.embed_tokens.weight"}
    config.tie_word_embeddings = False
    assert tied_names(build_vlm(config, "test")) == {}


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("text_config", "hidden_act", "wavelet"),
        ("text_config", "num_attention_heads", 0),
        ("text_config", "hidden_size", -96),
        ("vision_config", "num_heads", 0),
        ("vision_config", "patch_size", -16),
    ],
)
def test_a_configuration_that_describes_no_model_is_refused(saved: Path, part: str, field: str, value: object) -> None:
    config = Qwen3VLConfig.from_pretrained(str(saved))
    object.__setattr__(getattr(config, part), field, value)
    with pytest.raises(CheckpointError, match="test describes no model that can be built"):
        build_vlm(config, "test")


def test_a_model_with_a_tensor_left_out_is_refused(saved: Path) -> None:
    vlm = build_vlm(Qwen3VLConfig.from_pretrained(str(saved)), "test")
    tensors = {name: torch.zeros(tensor.shape) for name, tensor in vlm.state_dict().items()}
    del tensors["model.language_model.norm.weight"]
    with pytest.raises(CheckpointError, match=r"incomplete: model.language_model.norm.weight have no value"):
        put_weights(vlm, tensors, CPU, torch.float32)


def test_a_buffer_that_transformers_does_not_compute_is_refused(saved: Path) -> None:
    vlm = build_vlm(Qwen3VLConfig.from_pretrained(str(saved)), "test")
    vlm.model.visual.register_buffer("table", torch.empty(3, device="meta"), persistent=False)
    tensors = {name: torch.zeros(tensor.shape) for name, tensor in vlm.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"transformers does not compute model.visual.table"):
        put_weights(vlm, tensors, CPU, torch.float32)


def test_how_text_is_generated_is_read_where_it_is_said(saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    path = directory / "generation_config.json"
    path.write_text(json.dumps({"eos_token_id": 7, "max_new_tokens": 33}))
    config = read_generation_config(directory)
    assert isinstance(config, GenerationConfig)
    assert (config.eos_token_id, config.max_new_tokens) == (7, 33)
    assert load_checkpoint(directory).model.vlm.generation_config.max_new_tokens == 33
    path.unlink()
    assert read_generation_config(directory) is None
    assert load_checkpoint(directory).model.vlm.generation_config is not None


def test_a_damaged_generation_config_is_refused(saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    (directory / "generation_config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"generation_config.json is not readable as JSON"):
        read_generation_config(directory)
    (directory / "generation_config.json").write_text('{"max_new_tokens": -3}')
    with pytest.raises(CheckpointError, match=r"generation_config.json cannot be used: .*max_new_tokens"):
        read_generation_config(directory)
