import pytest
import torch
from zr0_policy.engine.float8 import in_float8
from zr0_policy.engine.packed import SMALLEST, PackedProjection, packed
from zr0_policy.engine.projection import Projection

NUM_IN, NUM_OUT = 512, 1024


def projection(*, has_bias: bool = True, dtype: torch.dtype = torch.float32) -> Projection:
    generator = torch.Generator().manual_seed(0)
    bias = torch.randn(NUM_OUT, generator=generator).to(dtype) if has_bias else None
    return Projection(matrix=torch.randn(NUM_IN, NUM_OUT, generator=generator).to(dtype), bias=bias)


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("num_rows", [1, 17, 51])
def test_a_packed_map_is_the_same_map(has_bias: bool, dtype: torch.dtype, tolerance: float, num_rows: int) -> None:
    plain = projection(has_bias=has_bias, dtype=dtype)
    fast = packed(plain, 17)
    assert isinstance(fast, PackedProjection)
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(num_rows, NUM_IN, generator=generator).to(dtype)
    residual = torch.randn(num_rows, NUM_OUT, generator=generator).to(dtype)
    with torch.inference_mode():
        for got, expected in (
            (fast(rows), plain(rows)),
            (fast.added_to(residual, rows), plain.added_to(residual, rows)),
        ):
            assert got.dtype == dtype
            assert (got - expected).norm() < tolerance * expected.norm()


def test_derivatives_are_those_of_the_plain_map() -> None:
    plain = projection()
    fast = packed(plain, 17)
    rows = torch.randn(3, NUM_IN, generator=torch.Generator().manual_seed(1), requires_grad=True)
    residual = torch.zeros(3, NUM_OUT)
    for mine, theirs in (
        (fast(rows), plain(rows)),
        (fast.added_to(residual, rows), plain.added_to(residual, rows)),
    ):
        (got,) = torch.autograd.grad(mine.square().sum(), rows)
        (expected,) = torch.autograd.grad(theirs.square().sum(), rows)
        torch.testing.assert_close(got, expected)


def test_small_matrices_and_other_devices_stay_as_they_are() -> None:
    small = Projection(matrix=torch.zeros(512, SMALLEST // 512 - 1), bias=None)
    assert packed(small, 17) is small
    elsewhere = Projection(matrix=torch.zeros(NUM_IN, NUM_OUT, device="meta"), bias=None)
    assert packed(elsewhere, 17) is elsewhere


def test_eight_bits_are_rounded_from_the_plain_matrix() -> None:
    plain = projection()
    rows = torch.randn(3, NUM_IN, generator=torch.Generator().manual_seed(1))
    assert torch.equal(in_float8(packed(plain, 17))(rows), in_float8(plain)(rows))
