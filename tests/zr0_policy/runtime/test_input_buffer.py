import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError, StaleInputError
from zr0_policy.runtime.input_buffer import InputBuffer
from zr0_test_support.messages import Header, Image, JointState, header

NOW = 1_700_000_000_000_000_000
MS = 1_000_000
POSE = np.array([0.4, 0.1, 0.02, 1.0, 0.0, 0.0, 0.0])


def frame(stamp_ns: int, encoding: str = "rgb8") -> Image:
    return Image(header=header(stamp_ns), height=480, width=640, encoding=encoding, step=1920, data=bytes(1920 * 480))


def joints(embodiment: Embodiment, stamp_ns: int, num_missing: int = 0) -> JointState:
    names = embodiment.measured_names[: len(embodiment.measured_names) - num_missing]
    return JointState(header=header(stamp_ns), name=names, position=[0.1 * index for index in range(len(names))])


def filled(embodiment: Embodiment, topic: str = "") -> InputBuffer:
    inputs = InputBuffer(embodiment, topic)
    for camera in embodiment.cameras:
        inputs.add_image(camera.key, frame(NOW - 20 * MS))
    inputs.add_joint_state(joints(embodiment, NOW - 5 * MS))
    return inputs


def test_an_observation_holds_frames_state_and_instruction(embodiment: Embodiment) -> None:
    observation = filled(embodiment).observe(NOW, "go")
    assert [image.key for image in observation.images] == [camera.key for camera in embodiment.cameras]
    assert observation.images[0].rgb.shape == (480, 640, 3)
    assert observation.newest_stamp_ns == NOW - 5 * MS
    np.testing.assert_allclose(observation.state, 0.1 * np.arange(8))
    assert observation.instruction == "go"
    assert not observation.objects


def test_a_stale_camera_is_named_with_its_age(embodiment: Embodiment) -> None:
    inputs = filled(embodiment)
    inputs.add_image("observation.images.front", frame(NOW + 180 * MS))
    inputs.add_joint_state(joints(embodiment, NOW + 190 * MS))
    assert inputs.complaint(inputs.ages(NOW)) == ""
    with pytest.raises(StaleInputError, match=r"^wrist \(/camera/wrist/image_raw\) is 0.220 s old, limit 0.150 s$"):
        inputs.observe(NOW + 200 * MS, "go")


def test_what_was_wrong_with_the_messages_is_said_until_one_is_good(embodiment: Embodiment) -> None:
    inputs = InputBuffer(embodiment)
    inputs.add_image("observation.images.front", Image(header=Header()))
    inputs.add_joint_state(joints(embodiment, NOW, num_missing=1))
    complaint = inputs.complaint(inputs.ages(NOW))
    assert "front (/camera/front/image_raw) has no usable sample" in complaint
    assert "(camera front has no header stamp" in complaint
    assert "(joint state lacks drive_joint" in complaint
    inputs.add_joint_state(joints(embodiment, NOW))
    assert "lacks" not in inputs.complaint(inputs.ages(NOW))
    assert inputs.counts() == {"state": 1}


def test_a_frame_that_cannot_be_decoded_is_a_message_error(embodiment: Embodiment) -> None:
    inputs = filled(embodiment)
    inputs.add_image("observation.images.front", frame(NOW - 1 * MS, encoding="mono8"))
    inputs.add_image("observation.images.wrist", frame(NOW - 1 * MS))
    with pytest.raises(MessageError, match="camera front: "):
        inputs.observe(NOW, "go")


def test_ground_truth_is_an_input_where_it_is_asked_for(embodiment: Embodiment) -> None:
    inputs = filled(embodiment, "/sim/status")
    with pytest.raises(StaleInputError, match=r"objects \(/sim/status\) has no usable sample"):
        inputs.observe(NOW, "go")
    inputs.set_objects(NOW - 600 * MS, {"cube": POSE})
    with pytest.raises(StaleInputError, match=r"objects \(/sim/status\) is 0.600 s old, limit 0.500 s"):
        inputs.observe(NOW, "go")
    inputs.set_objects(NOW - 100 * MS, {"cube": POSE})
    np.testing.assert_array_equal(inputs.observe(NOW, "go").objects["cube"], POSE)
