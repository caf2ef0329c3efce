"""Observations are made of samples that are young enough and belong together; what is missing is named."""

import math

import numpy as np
import pytest
from zr0_core.alignment import STATE_CAPACITY, ObservationAligner
from zr0_core.embodiment import Embodiment
from zr0_core.errors import MessageError, StaleInputError
from zr0_core.types import CameraImage, Observation
from zr0_test_support.messages import Image, header

EMBODIMENT = Embodiment.load("xarm7_gripper")  # Cameras front and wrist, 0.15 s each; state 0.1 s.
FRONT, WRIST = (camera.key for camera in EMBODIMENT.cameras)
T0 = 1_700_000_000_000_000_000
MS = 1_000_000
PIXELS = np.zeros((480, 640, 3), np.uint8)


def frame(key: str, at_ms: int) -> CameraImage:
    return CameraImage(key=key, stamp_ns=T0 + at_ms * MS, rgb=PIXELS)


def filled(*, front: list[int], wrist: list[int], state: list[int]) -> ObservationAligner:
    """An aligner with samples at those milliseconds; the state's first value is its own millisecond."""
    aligner = ObservationAligner(EMBODIMENT)
    for at_ms in front:
        aligner.add_image(frame(FRONT, at_ms))
    for at_ms in wrist:
        aligner.add_image(frame(WRIST, at_ms))
    for at_ms in state:
        aligner.add_state(T0 + at_ms * MS, np.full(8, float(at_ms)))
    return aligner


def times(observation: Observation) -> tuple[list[int], int]:
    """Milliseconds of the images and of the state."""
    images = [(image.stamp_ns - T0) // MS for image in observation.images]
    return images, (observation.state_stamp_ns - T0) // MS


def test_the_newest_samples_that_belong_together_are_taken() -> None:
    aligner = filled(front=[0, 33, 66, 100], wrist=[10, 43, 76], state=list(range(0, 110, 10)))
    observation = aligner.observe(T0 + 105 * MS, "push")
    # The wrist camera is the slowest: its newest frame is of 76 ms, and 66 ms is nearer to that than 100 ms is.
    assert times(observation) == ([66, 76], 80)
    assert observation.state[0] == 80.0
    assert [image.key for image in observation.images] == [FRONT, WRIST]
    assert observation.instruction == "push"
    assert observation.newest_stamp_ns == T0 + 80 * MS


def test_a_slow_joint_state_is_the_reference_too() -> None:
    aligner = filled(front=[0, 33, 66, 100], wrist=[0, 33, 66, 100], state=[20, 40])
    assert times(aligner.observe(T0 + 105 * MS, "")) == ([33, 33], 40)


def test_of_two_equally_near_samples_the_newer_is_taken() -> None:
    aligner = filled(front=[50], wrist=[50], state=[45, 55])
    assert times(aligner.observe(T0 + 60 * MS, "")) == ([50, 50], 55)


def test_samples_after_now_are_not_seen() -> None:
    aligner = filled(front=[0, 33, 66], wrist=[0, 33, 66], state=[0, 30, 60])
    assert times(aligner.observe(T0 + 40 * MS, "")) == ([33, 33], 30)


def test_a_bag_read_ahead_gives_what_live_topics_gave() -> None:
    front, wrist, state = list(range(0, 150, 33)), list(range(11, 150, 33)), list(range(0, 150, 10))
    offline = filled(front=front, wrist=wrist, state=state)
    for now_ms in range(20, 150, 7):
        live = filled(
            front=[at for at in front if at <= now_ms],
            wrist=[at for at in wrist if at <= now_ms],
            state=[at for at in state if at <= now_ms],
        )
        now_ns = T0 + now_ms * MS
        assert times(offline.observe(now_ns, "")) == times(live.observe(now_ns, ""))


def test_the_order_of_arrival_does_not_matter() -> None:
    aligner = filled(front=[66, 0, 33], wrist=[33, 66, 0], state=[60, 0, 30])
    assert times(aligner.observe(T0 + 70 * MS, "")) == ([66, 66], 60)


def test_no_sample_older_than_its_own_limit_is_taken() -> None:
    # The reference is the front camera at 0 ms; the state of 40 ms is nearest to it, but too old at 145 ms.
    aligner = filled(front=[0], wrist=[0, 140], state=[40, 60])
    assert times(aligner.observe(T0 + 145 * MS, "")) == ([0, 0], 60)


def test_an_input_at_its_limit_is_used_and_beyond_it_is_stale() -> None:
    aligner = filled(front=[0], wrist=[50], state=[100])
    assert times(aligner.observe(T0 + 150 * MS, ""))[0] == [0, 50]
    with pytest.raises(StaleInputError, match=r"^front \(/camera/front/image_raw\) is 0.151 s old, limit 0.150 s$"):
        aligner.observe(T0 + 151 * MS, "")


def test_every_stale_or_missing_input_is_named() -> None:
    aligner = filled(front=[0], wrist=[], state=[0])
    with pytest.raises(StaleInputError) as caught:
        aligner.check(T0 + 200 * MS)
    assert str(caught.value).split("; ") == [
        "front (/camera/front/image_raw) is 0.200 s old, limit 0.150 s",
        "wrist (/camera/wrist/image_raw) has no usable sample, limit 0.150 s",
        "was it ever published?",
        "state (/joint_states) is 0.200 s old, limit 0.100 s",
    ]


def test_a_clock_that_runs_ahead_is_named() -> None:
    aligner = filled(front=[0], wrist=[0], state=[5000])
    with pytest.raises(
        StaleInputError, match=r"state .* has no usable sample.*; the newest is stamped 5.000 s in the future: compare"
    ):
        aligner.check(T0)


def test_ages_are_reported_for_every_input() -> None:
    ages = filled(front=[0, 30], wrist=[], state=[40]).ages(T0 + 50 * MS)
    assert [(age.name, age.age_s, age.max_age_s, age.is_stale) for age in ages] == [
        ("front", 0.02, 0.15, False),
        ("wrist", math.inf, 0.15, True),
        ("state", 0.01, 0.1, False),
    ]


def test_buffers_stay_small_and_keep_the_newest() -> None:
    aligner = filled(front=list(range(0, 33000, 33)), wrist=list(range(0, 33000, 33)), state=list(range(0, 33000, 10)))
    assert times(aligner.observe(T0 + 32995 * MS, "")) == ([32967, 32967], 32970)
    # 0.15 s of 30 Hz are 5 frames; 4 more are kept.
    with pytest.raises(StaleInputError, match=r"front .* has no usable sample"):
        aligner.check(T0 + (32967 - 9 * 33) * MS)
    with pytest.raises(StaleInputError, match=r"state .* has no usable sample"):
        aligner.check(T0 + (32990 - STATE_CAPACITY * 10) * MS)


def test_a_repeated_stamp_is_dropped() -> None:
    aligner = filled(front=[0], wrist=[0], state=[0])
    aligner.add_state(T0, np.full(8, 7.0))
    assert aligner.observe(T0, "").state[0] == 0.0


def test_clearing_forgets_everything() -> None:
    aligner = filled(front=[0], wrist=[0], state=[0])
    aligner.check(T0)
    aligner.clear()
    assert all(math.isinf(age.age_s) for age in aligner.ages(T0))
    later = filled(front=[5], wrist=[5], state=[5]).observe(T0 + 5 * MS, "")
    for image in later.images:
        aligner.add_image(image)
    aligner.add_state(later.state_stamp_ns, later.state)
    again = aligner.observe(T0 + 5 * MS, "")
    assert times(again) == ([5, 5], 5)
    assert again.state[0] == 5.0


def test_a_frame_of_an_unknown_camera_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no camera has the key 'top', available: observation.images.front, "):
        ObservationAligner(EMBODIMENT).add_image(frame("top", 0))


def message(at_ms: int, width: int = 640) -> Image:
    """A black picture at a millisecond, whose first pixel is that millisecond."""
    data = bytearray(480 * width * 3)
    data[0] = at_ms
    return Image(
        header=header(T0 + at_ms * MS), height=480, width=width, encoding="rgb8", step=width * 3, data=bytes(data)
    )


def test_messages_are_decoded_when_picked() -> None:
    aligner = filled(front=[], wrist=[0], state=[0])
    aligner.add_frame(FRONT, message(0))
    aligner.add_frame(FRONT, message(66, width=8))  # Never picked, so never refused.
    front, _ = aligner.observe(T0 + 70 * MS, "").images
    assert (front.key, front.stamp_ns, front.rgb.shape, front.rgb[0, 0].tolist()) == (FRONT, T0, (480, 640, 3), [0] * 3)


def test_a_picked_frame_that_is_not_the_cameras_is_refused() -> None:
    aligner = filled(front=[], wrist=[0], state=[0])
    aligner.add_frame(FRONT, message(0, width=8))
    with pytest.raises(MessageError, match="camera front: a frame of 8x480 pixels came"):
        aligner.observe(T0, "")


def test_an_unstamped_message_is_refused_at_once() -> None:
    with pytest.raises(MessageError, match="camera front has no header stamp"):
        ObservationAligner(EMBODIMENT).add_frame(FRONT, Image())
    with pytest.raises(ValueError, match="no camera has the key 'top'"):
        ObservationAligner(EMBODIMENT).add_frame("top", message(0))


def test_objects_are_passed_on() -> None:
    cube = np.array([0.3, 0.0, 0.02, 1.0, 0.0, 0.0, 0.0])
    observation = filled(front=[0], wrist=[0], state=[0]).observe(T0, "", {"cube": cube})
    np.testing.assert_array_equal(observation.objects["cube"], cube)
