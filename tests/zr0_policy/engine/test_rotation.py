import torch
from zr0_policy.engine.rotation import rotate, signed, swap_halves


def test_pairs_turn_like_complex_numbers() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 2, 8, generator=generator, dtype=torch.float64)
    angles = torch.randn(3, 1, 4, generator=generator, dtype=torch.float64)
    both = torch.cat([angles, angles], dim=-1)
    turned = torch.complex(values[..., :4], values[..., 4:]) * torch.exp(1j * angles)
    expected = torch.cat([turned.real, turned.imag], dim=-1)
    torch.testing.assert_close(rotate(values, both.cos(), signed(both.sin())), expected)


def test_swapping_and_signs_by_hand() -> None:
    values = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert swap_halves(values).tolist() == [3.0, 4.0, 1.0, 2.0]
    assert signed(values).tolist() == [-1.0, -2.0, 3.0, 4.0]
