"""Do a checkpoint and a robot belong together?"""

from zr0_core.embodiment import Embodiment

from zr0_policy.errors import CheckpointError


def require_same_embodiment(robot: Embodiment, checkpoint: Embodiment, name: str) -> None:
    """Check that a checkpoint was made for this robot, field by field.

    Every field counts, also those that no weight depends on, such as a camera's topic or a limit: an embodiment is one
    thing with one hash, which chunks carry and the controller checks.

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
            + "; ".join(f"{item.field}: got {item.got}, expected {item.expected}" for item in differences)
            + "; choose a checkpoint of this embodiment or start the robot with the checkpoint's"
        )
