"""What a policy is warmed up with."""

import numpy as np
from zr0_core.embodiment import Embodiment
from zr0_core.types import CameraImage, Observation


def blank_observation(embodiment: Embodiment) -> Observation:
    """Return an observation of the right form without content: black frames, a state of zeros."""
    return Observation(
        images=tuple(
            CameraImage(key=camera.key, stamp_ns=0, rgb=np.zeros((camera.height, camera.width, 3), dtype=np.uint8))
            for camera in embodiment.cameras
        ),
        state=np.zeros(len(embodiment.state.names)),
        state_stamp_ns=0,
        instruction="wait",
    )
