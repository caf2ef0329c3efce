"""What a server tells every client first: the metadata of the protocol."""

from zr0_core.embodiment import Embodiment
from zr0_core.policy import Policy


def describe(policy: Policy, embodiment: Embodiment, checkpoint: str, max_message_bytes: int) -> dict[str, object]:
    """Return what clients need in order to ask well and to check that they reached the right policy.

    Args:
        policy: The policy that is served.
        embodiment: The robot that it is for.
        checkpoint: Name of its weights, or empty.
        max_message_bytes: The largest request that is read.
    """
    state, action = embodiment.state, embodiment.action
    return {
        "policy": policy.name,
        "checkpoint": checkpoint,
        "is_trained": policy.is_trained,
        "embodiment": {
            "name": embodiment.name,
            "version": embodiment.version,
            "hash": embodiment.content_hash,
        },
        "cameras": [
            {"key": camera.key, "height": camera.height, "width": camera.width} for camera in embodiment.cameras
        ],
        "state": {"key": state.key, "names": list(state.names)},
        "action": {
            "space": action.space.value,
            "names": list(action.names),
            "horizon": action.horizon,
            "step_period_s": action.step_period,
        },
        "max_message_bytes": max_message_bytes,
    }
