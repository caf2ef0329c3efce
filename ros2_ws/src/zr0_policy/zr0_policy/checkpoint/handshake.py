"""Do a checkpoint and a robot belong together?"""

from zr0_core.embodiment import Embodiment

from zr0_policy.errors import CheckpointError

_LONGEST_VALUE = 120


def require_same_embodiment(robot: Embodiment, checkpoint: Embodiment, name: str) -> None:
    """Check that a checkpoint was made for this robot, field by field.

    Args:
        robot: The robot that is to be controlled.
        checkpoint: The robot that the weights are for.
        name: The checkpoint, for the error message.

    Raises:
        CheckpointError: They differ; the message names every field, what the checkpoint has and what the robot needs.
    """
    differences = robot.compare(checkpoint)
    if differences:
        raise CheckpointError(
            f"checkpoint {name} is not for embodiment {robot.name}: "
            + "; ".join(
                f"{item.field}: got {_shorten(item.got)}, expected {_shorten(item.expected)}" for item in differences
            )
            + "; choose a checkpoint of this embodiment or start the robot with the checkpoint's"
        )


def _shorten(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."
