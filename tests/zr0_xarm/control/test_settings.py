import pytest
from zr0_xarm.control.settings import ControllerSettings


@pytest.mark.parametrize("name", ["policy_timeout", "report_timeout", "silence_fault_time", "tracking_error_limit"])
def test_times_and_limits_have_to_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0.0, expected a finite number above 0"):
        ControllerSettings(**{name: 0.0})  # type: ignore[arg-type]
