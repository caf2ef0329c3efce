import pytest
from zr0_core.errors import Zr0Error
from zr0_sim.tasks.registry import TASKS, make_task


def test_every_task_goes_by_its_own_name() -> None:
    for name in TASKS:
        assert make_task(name).name == name


def test_an_unknown_task_is_refused_with_a_hint() -> None:
    with pytest.raises(Zr0Error, match=r"no task named 'pick_plce'; did you mean 'pick_place'\? available: pick_place"):
        make_task("pick_plce")
