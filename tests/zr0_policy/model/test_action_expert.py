import numpy as np
import pytest
import torch
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig
from zr0_test_support.expert_arithmetic import ExpertArithmetic
from zr0_test_support.small_expert import make_expert


@pytest.fixture(scope="module")
def expert() -> ActionExpert:
    return make_expert()


def example(batch: int = 2) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = torch.ones(batch, 10, dtype=torch.bool)
    mask[-1, 7:] = False
    return {
        "state": torch.randn(batch, 1, 5, generator=generator),
        "actions": torch.randn(batch, 6, 7, generator=generator),
        "buckets": torch.tensor([0, 600])[:batch],
        "features": 2 * torch.randn(batch, 10, 24, generator=generator),
        "mask": mask,
    }


def test_velocity_equals_independent_arithmetic(expert: ActionExpert) -> None:
    inputs = example()
    got = expert(**inputs).double().numpy()
    weights = {name: tensor.double().numpy() for name, tensor in expert.state_dict().items()}
    reference = ExpertArithmetic(weights, num_heads=4, num_layers=9)
    for index in range(2):
        expected = reference.velocity(
            inputs["state"][index, 0].double().numpy(),
            inputs["actions"][index].double().numpy(),
            int(inputs["buckets"][index]),
            inputs["features"][index].double().numpy(),
            inputs["mask"][index].numpy(),
        )
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(got[index], expected, atol=1e-4)


def test_published_names_shapes_and_size() -> None:
    with torch.device("meta"):
        state = ActionExpert(ActionExpertConfig()).state_dict()
    assert len(state) == 149
    assert sum(tensor.numel() for tensor in state.values()) == 558_784_576
    assert sum(tensor.numel() for name, tensor in state.items() if ".transformer_blocks.3." in name) == 58_742_784
    expected = {
        "dit.timestep_encoder.timestep_embedder.linear_1.weight": (2048, 256),
        "dit.timestep_encoder.timestep_embedder.linear_2.weight": (2048, 2048),
        "dit.transformer_blocks.8.norm1.linear.weight": (4096, 2048),
        "dit.transformer_blocks.0.attn1.to_q.weight": (2048, 2048),
        "dit.transformer_blocks.1.attn1.to_k.bias": (2048,),
        "dit.transformer_blocks.4.attn1.to_v.weight": (2048, 2048),
        "dit.transformer_blocks.5.attn1.to_out.0.weight": (2048, 2048),
        "dit.transformer_blocks.0.ff.net.0.proj.weight": (8192, 2048),
        "dit.transformer_blocks.0.ff.net.2.weight": (2048, 8192),
        "dit.proj_out_1.weight": (4096, 2048),
        "dit.proj_out_2.weight": (1024, 2048),
        "state_encoder.layer1.W": (1, 64, 512),
        "state_encoder.layer2.W": (1, 512, 2048),
        "action_encoder.W1.W": (1, 64, 2048),
        "action_encoder.W2.W": (1, 4096, 2048),
        "action_encoder.W3.b": (1, 2048),
        "action_decoder.layer1.W": (1, 1024, 512),
        "action_decoder.layer2.W": (1, 512, 64),
        "position_embedding.weight": (256, 2048),
    }
    assert {name: tuple(state[name].shape) for name in expected} == expected


def test_what_the_mask_hides_cannot_change_the_velocity(expert: ActionExpert) -> None:
    inputs = example()
    changed = {**inputs, "features": inputs["features"].clone()}
    changed["features"][1, 7:] = 1e3
    torch.testing.assert_close(expert(**changed), expert(**inputs), atol=0.0, rtol=0.0)
    changed["features"][1, 6] += 1.0
    assert (expert(**changed)[1] - expert(**inputs)[1]).abs().max() > 1e-3


def test_batching_does_not_change_the_velocity(expert: ActionExpert) -> None:
    inputs = example()
    whole = expert(**inputs)
    for index in range(2):
        alone = expert(**{name: tensor[index : index + 1] for name, tensor in inputs.items()})
        torch.testing.assert_close(alone[0], whole[index], atol=1e-5, rtol=1e-5)


def test_dropout_is_where_it_was_published(expert: ActionExpert) -> None:
    block = expert.dit.transformer_blocks[1]
    found = sorted(name for name, module in block.named_modules() if isinstance(module, torch.nn.Dropout))
    assert found == ["attn1.to_out.1", "ff.net.1", "ff.net.3", "final_dropout"]
    assert all(module.p == 0.2 for module in block.modules() if isinstance(module, torch.nn.Dropout))
