"""Multiplication of few rows by a large matrix on a CPU, with the matrix laid out for it beforehand.

A dozen rows against a matrix is bound by reading the matrix, and the usual product rearranges it every time. oneDNN
multiplies matrices that were rearranged once; torch's own compiler uses the same two operations.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from zr0_policy.engine.projection import LinearMap, Projection, is_derived

SMALLEST = 2**19
"""Elements of a matrix for which this is worth a copy of it; smaller ones stay in a cache."""


@dataclass(frozen=True, kw_only=True)
class PackedProjection:
    """One linear map of (R, K) to (R, N)."""

    plain: Projection
    """The same map; used where derivatives are asked for."""
    matrix: Tensor
    """The matrix in oneDNN's own layout."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Map (R, K) to (R, N)."""
        if is_derived(rows):
            return self.plain(rows)
        mapped: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.matrix, self.plain.bias, "none", [], None)
        return mapped

    def added_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """Return residual (R, N) plus the map of (R, K)."""
        if is_derived(rows) or is_derived(residual):
            return self.plain.added_to(residual, rows)
        total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self.matrix, self.plain.bias, "add")
        return total


def packed(projection: Projection, num_rows: int) -> LinearMap:
    """Lay a projection out for few rows, where that helps: a large matrix on a CPU with oneDNN.

    Args:
        projection: The projection; it stays usable, and what is packed is a copy.
        num_rows: How many rows it will be given, about.
    """
    matrix = projection.matrix
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    is_worth_it = matrix.device.type == "cpu" and matrix.numel() >= SMALLEST and has_onednn
    if not is_worth_it:
        return projection
    with torch.no_grad():
        rearranged = torch.ops.mkldnn._reorder_linear_weight(matrix.t().contiguous(), num_rows)
    return PackedProjection(plain=projection, matrix=rearranged)
