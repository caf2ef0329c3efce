"""Chunks of actions as whole-numbered frequency coefficients, and back."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zr0_core.types import FloatArray

from zr0_policy.fast.errors import ActionTokenError

LARGEST_VALUE = 1e6
"""What is beyond is not a normalised action, and would not survive rounding to whole numbers."""

_TIE_DECIMALS = 9


@functools.lru_cache(maxsize=16)
def cosine_matrix(horizon: int) -> FloatArray:
    """Return the matrix C (H, H) that turns H samples into H frequencies, lowest first; its transpose undoes it.

    C[k, n] = w_k cos(pi k (2 n + 1) / (2 H)), where w_0 = sqrt(1 / H) and all other w_k = sqrt(2 / H).

    Source: the orthonormal DCT-II, Ahmed, Natarajan and Rao 1974.
    """
    steps = np.arange(horizon)
    # The cosine repeats every 4 H, and is most exact for small angles.
    turns = np.outer(steps, 2 * steps + 1) % (4 * horizon)
    matrix: FloatArray = np.sqrt(2.0 / horizon) * np.cos(np.pi * turns / (2 * horizon))
    matrix[0] = np.sqrt(1.0 / horizon)
    matrix.flags.writeable = False
    return matrix


def quantise(chunk: NDArray[np.floating[Any]], scale: float) -> NDArray[np.int64]:
    """Transform a chunk along time, scale it, and round to whole numbers, halves to even.

    Args:
        chunk: Normalised actions (H, D), H steps of D components.
        scale: Quantisation steps per unit.

    Returns:
        Coefficients (H, D), frequencies from low to high.

    Raises:
        ActionTokenError: The chunk is not such a table of floats, or a value is not finite or beyond 1e6.

    Source: Pertsch et al. 2025 (arXiv 2501.09747), section V.
    """
    if chunk.ndim != 2 or 0 in chunk.shape:
        raise ActionTokenError(f"the chunk has shape {chunk.shape}, expected (steps, components), at least one of each")
    if not np.issubdtype(chunk.dtype, np.floating):
        raise ActionTokenError(f"the chunk holds {chunk.dtype}, expected floats: normalised actions")
    # Written so that NaN, which compares as false, is found too.
    bad = np.argwhere(~(np.abs(chunk) <= LARGEST_VALUE))
    if len(bad) > 0:
        step, component = bad[0].tolist()
        raise ActionTokenError(
            f"component {component} of step {step} is {chunk[step, component]}, expected a finite value within "
            f"{LARGEST_VALUE:g}; {len(bad)} of {chunk.size} values are not"
        )
    coefficients = cosine_matrix(len(chunk)) @ chunk
    # A gripper's steps can end exactly between two whole numbers; the last bits of a sum differ between machines.
    return np.rint(np.round(coefficients * scale, _TIE_DECIMALS)).astype(np.int64)


def restore(coefficients: NDArray[np.int64], scale: float) -> FloatArray:
    """Return the chunk (H, D) that whole-numbered coefficients (H, D) stand for.

    Of a chunk x, q = `quantise(x, scale)` and y = `restore(q, scale)`: each column of x - y has a root mean square of
    at most 1 / (2 scale), about 1 / (scale sqrt(12)) if it moves by many quantisation steps, and no value is off by
    more than sqrt(H) / (2 scale).

    Source: Pertsch et al. 2025 (arXiv 2501.09747), section V; the bounds because the transform keeps lengths.
    """
    return cosine_matrix(len(coefficients)).T @ (coefficients / scale)
