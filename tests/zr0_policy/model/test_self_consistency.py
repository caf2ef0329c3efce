import math

import numpy as np
import pytest
import torch
from zr0_policy.model.self_consistency import most_consistent


def spread(*values: float) -> torch.Tensor:
    """One row of one component per candidate."""
    return torch.tensor(values)[:, None, None]


def votes_by_definition(candidates: np.ndarray) -> list[int]:
    num = len(candidates)
    squares = [
        sum(np.mean((candidates[i] - candidates[j]) ** 2) for j in range(num) if j != i) / (num - 1) for i in range(num)
    ]
    lower_median = np.sort(candidates, axis=0)[(num - 1) // 2]
    to_median = [np.mean(np.abs(candidates[i] - lower_median)) for i in range(num)]
    kept = max(1, math.ceil(0.8 * (num - 1)))
    trimmed = [
        np.mean(sorted(np.mean(np.abs(candidates[i] - candidates[j])) for j in range(num) if j != i)[:kept])
        for i in range(num)
    ]
    return [int(np.argmin(scores)) for scores in (squares, to_median, trimmed)]


@pytest.mark.parametrize("seed", range(20))
def test_the_winner_has_the_most_votes(seed: int) -> None:
    candidates = np.random.default_rng(seed).standard_normal((8, 3, 2))
    votes = votes_by_definition(candidates)
    most = max(votes.count(vote) for vote in votes)
    expected = min(vote for vote in votes if votes.count(vote) == most)
    assert most_consistent(torch.from_numpy(candidates)).item() == expected


def test_an_outlier_never_wins_and_the_middle_does() -> None:
    assert most_consistent(spread(0.0, 1.0, 2.0, 100.0)).item() == 1


@pytest.mark.parametrize("num", [1, 2])
def test_without_a_majority_the_first_wins(num: int) -> None:
    assert most_consistent(torch.randn(num, 2, 2, generator=torch.Generator().manual_seed(0))).item() == 0


def test_nothing_to_choose_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no candidates to choose from"):
        most_consistent(torch.zeros(0, 3, 2))
