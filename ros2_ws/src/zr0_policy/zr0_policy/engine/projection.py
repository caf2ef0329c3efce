"""Linear layers side by side, as one multiplication."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

WIDEST = 4
"""Outputs per input up to which a CPU multiplies faster with inputs as rows."""


class LinearMap(Protocol):
    """A linear map of (R, K) to (R, N), however it is computed."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Map (R, K) to (R, N)."""

    def added_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """Return residual (R, N) plus the map of (R, K)."""


@dataclass(frozen=True, kw_only=True)
class Projection:
    """One linear map of (R, K) to (R, N)."""

    matrix: Tensor
    """(K, N)."""
    bias: Tensor | None
    """(N,)."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Map (R, K) to (R, N)."""
        return rows @ self.matrix if self.bias is None else torch.addmm(self.bias, rows, self.matrix)

    def added_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """Return residual (R, N) plus the map of (R, K)."""
        total = torch.addmm(residual, rows, self.matrix)
        return total if self.bias is None else total + self.bias


def is_derived(tensor: Tensor) -> bool:
    """Whether a derivative may be asked of what is computed from a tensor now."""
    return torch.is_grad_enabled() and tensor.requires_grad


def share(layers: Sequence[nn.Linear]) -> Projection:
    """Lay layers with the same input side by side, in place: their weights become views of the shared matrix.

    On a CPU a matrix that is not much wider than high is stored with inputs as rows, which multiplies few rows faster;
    elsewhere it stays as the layers have it. No memory is used twice.

    Args:
        layers: Layers K to N_i; all of them have a bias or none has.

    Returns:
        The projection K to N_1 + N_2 + ..., in that order.

    Raises:
        ValueError: Some layers have a bias and some have none.
    """
    biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
    if len(biases) not in {0, len(layers)}:
        raise ValueError(f"{len(biases)} of {len(layers)} layers have a bias, expected all or none")
    with torch.no_grad():
        stacked = torch.cat([layer.weight for layer in layers])  # (N, K)
        matrix = stacked.t()
        num_inputs, num_outputs = matrix.shape
        if matrix.device.type == "cpu" and num_outputs <= WIDEST * num_inputs:
            matrix = matrix.contiguous()
        bias = torch.cat(biases) if biases else None
        begin = 0
        for layer in layers:
            end = begin + layer.out_features
            layer.weight.data = matrix[:, begin:end].t()
            if bias is not None:
                layer.bias.data = bias[begin:end]
            begin = end
    return Projection(matrix=matrix, bias=bias)
