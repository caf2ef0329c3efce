import pytest
import yaml
from zr0_core.embodiment import Embodiment
from zr0_policy.checkpoint.handshake import require_same_embodiment
from zr0_policy.errors import CheckpointError

MUTATIONS = {
    r"state.names \(order\)": lambda data: data["state"]["names"].reverse(),
    "action.step_period": lambda data: data["action"].update(step_period=0.05),
    "action.horizon": lambda data: data["action"].update(horizon=8),
    "cameras.wrist.key": lambda data: data["cameras"][1].update(key="observation.images.side"),
    "cameras.wrist": lambda data: data["cameras"].pop(),
    "arm.joints.joint4.upper": lambda data: data["arm"]["joints"][3].update(upper=3.0),
    "gripper.closed": lambda data: data["gripper"].update(closed=0.8),
    "version": lambda data: data.update(version=3),
}


def test_the_same_embodiment_is_accepted(embodiment: Embodiment) -> None:
    require_same_embodiment(embodiment, Embodiment.from_text(embodiment.to_text()), "mine")


@pytest.mark.parametrize("field", MUTATIONS)
def test_every_difference_is_named_with_both_values(embodiment: Embodiment, field: str) -> None:
    data = yaml.safe_load(embodiment.to_text())
    MUTATIONS[field](data)
    other = Embodiment.from_text(yaml.safe_dump(data))
    with pytest.raises(CheckpointError, match=f"mine is not for embodiment xarm7_gripper: {field}: got .*, expected "):
        require_same_embodiment(embodiment, other, "mine")


def test_got_is_the_checkpoints_and_expected_the_robots(embodiment: Embodiment) -> None:
    data = yaml.safe_load(embodiment.to_text())
    data["action"]["horizon"] = 8
    other = Embodiment.from_text(yaml.safe_dump(data))
    with pytest.raises(CheckpointError, match=r"action.horizon: got 8, expected 16"):
        require_same_embodiment(embodiment, other, "mine")
