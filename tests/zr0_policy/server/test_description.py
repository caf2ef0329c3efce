from zr0_core.embodiment import Embodiment
from zr0_policy.policies.hold import HoldPolicy
from zr0_policy.server.description import describe
from zr0_policy.server.wire_format import pack, unpack


def test_clients_learn_all_that_they_must_send_and_what_comes_back(embodiment: Embodiment) -> None:
    joints = [*(f"joint{index}" for index in range(1, 8)), "drive_joint"]
    metadata = describe(HoldPolicy(embodiment), embodiment, "my_run", 1234)
    assert metadata == {
        "policy": "hold",
        "checkpoint": "my_run",
        "is_trained": True,
        "embodiment": {"name": "xarm7_gripper", "version": 2, "hash": embodiment.content_hash},
        "cameras": [
            {"key": "observation.images.front", "height": 480, "width": 640},
            {"key": "observation.images.wrist", "height": 480, "width": 640},
        ],
        "state": {"key": "observation.state", "names": joints},
        "action": {"space": "joint_position", "names": joints, "horizon": 16, "step_period_s": 0.1},
        "max_message_bytes": 1234,
    }
    assert unpack(pack(metadata)) == metadata
