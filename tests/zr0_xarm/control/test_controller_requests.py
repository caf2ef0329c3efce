"""What the controller does for its operator, tick by tick."""

import numpy as np
import pytest
from zr0_test_support.controller_bench import ROBOT, ControllerBench
from zr0_xarm.chunks.refusal import RefusalError
from zr0_xarm.control.status import ControllerState, Finding, Reason
from zr0_xarm.errors import RequestRefusedError


def test_a_hold_latches_until_released(bench: ControllerBench) -> None:
    bench.move()
    bench.controller.hold(Finding(reason=Reason.OPERATOR, text="held"), is_latched=True)
    assert bench.ticks_to_stand() <= 8
    with pytest.raises(RefusalError, match="the operator holds the arm; call ~/enable with true"):
        bench.offer()
    bench.controller.release()
    bench.offer()
    assert bench.is_(ControllerState.TRACKING)


def test_home_is_reached_within_the_limits_for_policies(bench: ControllerBench) -> None:
    bench.offer(speed=0.3)
    bench.tick(200)
    sent = len(bench.arm.sent)
    bench.controller.begin_homing()
    with pytest.raises(RefusalError, match="the controller is HOMING"):
        bench.offer()
    bench.tick(120)
    assert bench.is_(ControllerState.HOLDING)
    assert bench.controller.reason.text == "at the home position"
    assert bench.arm.positions == pytest.approx(ROBOT.home)
    samples = np.array(bench.arm.sent[sent:])
    assert np.abs(np.diff(samples, 3, axis=0)).max() / 1e-6 <= ROBOT.arm.motion_limits.jerk + 1e-6


def test_home_is_refused_in_motion(bench: ControllerBench) -> None:
    bench.move()
    with pytest.raises(RequestRefusedError, match="only from HOLDING, the controller is TRACKING"):
        bench.controller.begin_homing()
