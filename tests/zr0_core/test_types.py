import numpy as np
import pytest
from zr0_core.types import Overlap


@pytest.mark.parametrize("num_frozen", [0, 2, 3])
def test_any_part_of_an_overlap_can_be_frozen(num_frozen: int) -> None:
    assert Overlap(actions=np.zeros((3, 8)), num_frozen=num_frozen).num_frozen == num_frozen


@pytest.mark.parametrize("num_frozen", [-1, 4])
def test_more_frozen_rows_than_there_are_make_no_overlap(num_frozen: int) -> None:
    with pytest.raises(ValueError, match=f"num_frozen is {num_frozen}, expected 0 to 3, the overlap's rows"):
        Overlap(actions=np.zeros((3, 8)), num_frozen=num_frozen)


@pytest.mark.parametrize("shape", [(0, 8), (8,), (1, 3, 8)])
def test_actions_that_are_not_rows_make_no_overlap(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"actions of an overlap have shape \(.*\), expected \(K, A\) with K >= 1"):
        Overlap(actions=np.zeros(shape), num_frozen=0)
