"""Best of several samples: the one that the others agree with.

Source: ZR-0's published self-consistency policy: three votes, the most frequent winner is taken. Self-consistency is
from Wang et al. 2023, "Self-Consistency Improves Chain of Thought Reasoning in Language Models".
"""

import math

import torch
from torch import Tensor

TRIMMED_SHARE = 0.2
"""Share of the farthest candidates that the trimmed vote leaves out."""


def most_consistent(candidates: Tensor) -> Tensor:
    """Return which of N candidates the others agree with, () int64; on a draw of the votes, the first of the winners.

    Asks nothing of the device.

    Args:
        candidates: Actions (N, H, A), N at least 1; only rows and components that will be executed.

    Raises:
        ValueError: There is no candidate.
    """
    if len(candidates) == 0:
        raise ValueError("no candidates to choose from, expected at least one")
    votes = torch.stack([_nearest_in_square(candidates), _nearest_to_median(candidates), _nearest_trimmed(candidates)])
    return votes.mode().values


def _nearest_in_square(candidates: Tensor) -> Tensor:
    """The candidate with the smallest mean squared distance to the others."""
    flat = candidates.flatten(1)
    return (flat[:, None] - flat[None]).square().mean(-1).sum(-1).argmin()


def _nearest_to_median(candidates: Tensor) -> Tensor:
    """The candidate with the smallest mean absolute distance to the median of every value."""
    return (candidates - candidates.median(dim=0).values).abs().mean(dim=(1, 2)).argmin()


def _nearest_trimmed(candidates: Tensor) -> Tensor:
    """The candidate with the smallest mean absolute distance to its nearest others."""
    flat = candidates.flatten(1)
    distances = (flat[:, None] - flat[None]).abs().mean(-1)  # (N, N), zero to itself
    num_kept = max(1, math.ceil((1 - TRIMMED_SHARE) * (len(candidates) - 1)))
    return distances.sort(dim=1).values[:, 1 : num_kept + 1].sum(-1).argmin()
