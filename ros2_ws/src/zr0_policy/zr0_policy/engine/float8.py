"""Multiplication in eight bits: half the bytes, at a loss of accuracy that has to be accepted first.

Source: Micikevicius et al. 2022, "FP8 Formats for Deep Learning", format E4M3; one scale for every row of the input
and one for every output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from zr0_policy.engine.packed import PackedProjection
from zr0_policy.engine.projection import LinearMap, Projection, is_derived

LARGEST = 448.0
"""Largest value of the format."""
SMALLEST_SCALE = 1e-12
"""Keeps rows of zeros from dividing by zero."""


@dataclass(frozen=True, kw_only=True)
class Float8Projection:
    """One linear map of (R, K) to (R, N) in eight bits; K and N are multiples of 16."""

    plain: Projection
    """The same map without rounding; used where derivatives are asked for, which eight bits have none of."""
    matrix: Tensor
    """(K, N) float8_e4m3fn, one output after the other in memory."""
    scales: Tensor
    """Of every output, (1, N) float32."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Map (R, K) to (R, N)."""
        if is_derived(rows):
            return self.plain(rows)
        rounded, scales = _rounded(rows)
        # The scaled product comes in bfloat16 from every device.
        product = torch._scaled_mm(rounded, self.matrix, scales, self.scales, out_dtype=torch.bfloat16).to(rows.dtype)
        return product if self.plain.bias is None else product + self.plain.bias

    def added_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """Return residual (R, N) plus the map of (R, K)."""
        return residual + self(rows)


def in_float8(projection: LinearMap) -> LinearMap:
    """Round the weights of a projection to eight bits.

    Raises:
        ValueError: It is none with weights of its own, or its sizes are no multiples of 16.
    """
    if isinstance(projection, PackedProjection):
        projection = projection.plain
    if not isinstance(projection, Projection):
        raise ValueError(f"a {type(projection).__name__} cannot be rounded to eight bits, only a Projection can")
    sizes = tuple(projection.matrix.shape)
    if any(size % 16 for size in sizes):
        raise ValueError(f"a matrix of {sizes} cannot be multiplied in eight bits, expected multiples of 16")
    rounded, scales = _rounded(projection.matrix.t())
    return Float8Projection(plain=projection, matrix=rounded.t(), scales=scales.t())


def _rounded(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows (R, K) in eight bits and their scales (R, 1) float32."""
    scales = (rows.abs().amax(dim=1, keepdim=True).float() / LARGEST).clamp_min(SMALLEST_SCALE)
    return (rows / scales).to(torch.float8_e4m3fn), scales


def cosine(one: Tensor, other: Tensor, mask: Tensor) -> float:
    """Return the cosine between two chunks over the real components: 1 when they point the same way.

    Args:
        one: Actions (B, H, A).
        other: Alike.
        mask: 1 at real action dimensions, 0 at padding, alike.
    """
    first, second = (one * mask).double().flatten(), (other * mask).double().flatten()
    return float(first @ second / (first.norm() * second.norm()).clamp_min(SMALLEST_SCALE))
