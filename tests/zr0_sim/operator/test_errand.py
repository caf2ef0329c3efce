import pytest
from zr0_core.errors import Zr0Error
from zr0_sim.operator.errand import Errand, errand_from

NAMES = ("blue_bin", "green_cube", "red_cube")


@pytest.mark.parametrize(
    ("instruction", "item", "target"),
    [
        ("Put the red cube into the blue bin.", "red_cube", "blue_bin"),
        ("put the GREEN CUBE on the red cube", "green_cube", "red_cube"),
    ],
)
def test_the_item_is_named_before_the_target(instruction: str, item: str, target: str) -> None:
    assert errand_from(instruction, NAMES) == Errand(item=item, target=target)


@pytest.mark.parametrize(("instruction", "named"), [("Tidy up.", "neither"), ("Take the red cube.", "red_cube")])
def test_an_unclear_instruction_is_refused(instruction: str, named: str) -> None:
    with pytest.raises(Zr0Error, match=f"names {named}; on the table: blue_bin, green_cube, red_cube"):
        errand_from(instruction, NAMES)
