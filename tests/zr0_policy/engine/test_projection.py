import pytest
import torch
from torch import nn
from zr0_policy.engine.projection import Projection, share


def layers(*widths: int, bias: bool = True) -> list[nn.Linear]:
    torch.manual_seed(0)
    return [nn.Linear(5, width, bias=bias) for width in widths]


@pytest.mark.parametrize("bias", [True, False])
def test_layers_side_by_side_give_what_they_gave_alone_and_still_do(bias: bool) -> None:
    rows = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    alone = layers(3, 2, bias=bias)
    expected = [layer(rows) for layer in alone]
    projection = share(alone)
    torch.testing.assert_close(projection(rows), torch.cat(expected, dim=1))
    for layer, output in zip(alone, expected, strict=True):
        torch.testing.assert_close(layer(rows), output)


def test_the_layers_hold_no_memory_of_their_own() -> None:
    alone = layers(3, 2)
    projection = share(alone)
    assert projection.bias is not None
    for layer in alone:
        assert layer.weight.untyped_storage().data_ptr() == projection.matrix.untyped_storage().data_ptr()
        assert layer.bias.untyped_storage().data_ptr() == projection.bias.untyped_storage().data_ptr()
    with torch.no_grad():
        alone[1].weight[0, 4] = 9.0
    assert projection.matrix[4, 3] == 9.0


def test_adding_to_a_residual_by_hand() -> None:
    projection = Projection(matrix=torch.tensor([[1.0, 2.0], [3.0, 4.0]]), bias=torch.tensor([10.0, 20.0]))
    total = projection.added_to(torch.tensor([[100.0, 200.0]]), torch.tensor([[1.0, 1.0]]))
    assert total.tolist() == [[114.0, 226.0]]
    bare = Projection(matrix=projection.matrix, bias=None)
    assert bare.added_to(torch.tensor([[100.0, 200.0]]), torch.tensor([[1.0, 1.0]])).tolist() == [[104.0, 206.0]]


def test_layers_with_and_without_bias_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="1 of 2 layers have a bias, expected all or none"):
        share([*layers(3), *layers(3, bias=False)])
