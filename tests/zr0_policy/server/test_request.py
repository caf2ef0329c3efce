import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import EmbodimentError, MessageError
from zr0_policy.server.request import RequestReader, short_key

FRONT = np.full((480, 640, 3), 7, dtype=np.uint8)
WRIST = np.full((16, 4096, 3), 9, dtype=np.uint8)
STATE = np.arange(8.0) / 10
Changes = dict[str, object]


@pytest.fixture(scope="module")
def reader(embodiment: Embodiment) -> RequestReader:
    return RequestReader(embodiment)


def request(**changes: object) -> dict[str, object]:
    """A request in ZR-0's form; None leaves a key out."""
    fields: dict[str, object] = {
        "observation.images.front": FRONT,
        "observation.images.wrist": WRIST,
        "observation.state": STATE,
        "task": "lift",
    }
    return {key: value for key, value in (fields | changes).items() if value is not None}


def test_a_request_of_zr0_becomes_an_observation(reader: RequestReader) -> None:
    read = reader.read(request(n_action_steps=5), 42)
    observation = read.observation
    assert [(image.key, image.stamp_ns) for image in observation.images] == [
        ("observation.images.front", 42),
        ("observation.images.wrist", 42),
    ]
    np.testing.assert_array_equal(observation.images[0].rgb, FRONT)
    np.testing.assert_array_equal(observation.images[1].rgb, WRIST)
    np.testing.assert_array_equal(observation.state, STATE, strict=True)
    assert (observation.state_stamp_ns, observation.instruction) == (42, "lift")
    assert (read.num_rows, read.is_reset, read.is_openpi) == (5, False, False)


def test_the_images_come_in_the_embodiments_order_whatever_the_requests(reader: RequestReader) -> None:
    read = reader.read(dict(reversed(list(request().items()))), 1)
    assert [image.rgb[0, 0, 0] for image in read.observation.images] == [7, 9]


@pytest.mark.parametrize(
    "form",
    [
        {"observation/images/front": FRONT, "observation/images/wrist": WRIST, "observation/state": STATE},
        {"observation/front": FRONT, "observation/wrist": WRIST, "observation/state": STATE},
        {"images": {"front": FRONT, "wrist": WRIST}, "state": STATE},
        {"observation": {"images": {"front": FRONT, "wrist": WRIST}, "state": STATE}},
        {"observation": {"images.front": FRONT, "images/wrist": WRIST}, "observation.state": STATE},
        {"front": FRONT, "wrist": WRIST, "state": STATE},
    ],
)
def test_openpis_forms_are_read_as_the_same(reader: RequestReader, form: dict[str, Any]) -> None:
    read = reader.read(form | {"prompt": "lift"}, 1)
    assert [image.rgb[0, 0, 0] for image in read.observation.images] == [7, 9]
    np.testing.assert_array_equal(read.observation.state, STATE)
    assert (read.observation.instruction, read.num_rows, read.is_openpi) == ("lift", 16, True)


def test_openpis_own_keys_for_libero_reach_the_cameras_of_zr0s_libero(embodiment: Embodiment) -> None:
    front, wrist = embodiment.cameras
    libero = dataclasses.replace(
        embodiment,
        cameras=(
            dataclasses.replace(front, key="observation.images.image"),
            dataclasses.replace(wrist, key="observation.images.wrist_image"),
        ),
    )
    form = {"observation/image": FRONT, "observation/wrist_image": WRIST, "observation/state": STATE, "prompt": "go"}
    images = RequestReader(libero).read(form, 1).observation.images
    assert [image.key for image in images] == ["observation.images.image", "observation.images.wrist_image"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("observation.images.front", "front"),
        ("observation/state", "state"),
        ("images", "images"),
        ("observation.images", "images"),
        ("left/images/front", "left.images.front"),
    ],
)
def test_only_leading_words_are_left_out_and_never_the_last(key: str, expected: str) -> None:
    assert short_key(key) == expected


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "|u1"])
def test_a_state_of_any_number_type_is_read_as_float64(reader: RequestReader, dtype: str) -> None:
    state = np.arange(8).astype(dtype)
    read = reader.read(request(**{"observation.state": state}), 1)
    np.testing.assert_array_equal(read.observation.state, np.arange(8.0), strict=True)


def test_a_reset_is_read(reader: RequestReader) -> None:
    assert reader.read(request(reset=True), 1).is_reset
    assert not reader.read(request(reset=False), 1).is_reset


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"observation.images.fornt": FRONT}, "unknown key 'observation.images.fornt'; did you mean 'observation.ima"),
        ({"observation.staet": STATE}, "'observation.staet'; did you mean 'observation.state'.* known are observation"),
        ({"depth": {"front": FRONT}}, "unknown key 'depth/front'"),
        ({"promt": "go"}, "unknown key 'promt'; did you mean 'prompt'"),
        ({"action": STATE}, "unknown key 'action'"),
        ({"zzzz": 1}, "unknown key 'zzzz'; known are observation.images.front, .*, task, prompt, n_action_steps, res"),
        ({"state": STATE}, "observation.state is given twice, the second time as 'state'"),
        ({"images": {"front": FRONT}}, "observation.images.front is given twice, the second time as 'images/front'"),
        ({"observation.state": None}, "lacks observation.state; it has: front, wrist, task"),
        (
            {"observation.images.wrist": None, "observation.state": None},
            "lacks observation.images.wrist, observation.s",
        ),
        ({"task": None}, r"has no instruction, expected either task \(answered with nested lists\) or prompt"),
        ({"prompt": "go"}, "has task and prompt, expected either task"),
        ({"task": ""}, "task is '', expected what to do, in words"),
        ({"task": " \n"}, r"task is ' \\n', expected what to do"),
        ({"task": ["go"]}, "task is a list, expected what to do"),
        ({"task": b"go"}, "task is a bytes, expected"),
        ({"task": "x" * 1001}, "task has 1001 characters, expected at most 1000"),
        ({"n_action_steps": 0}, "n_action_steps is 0, expected a whole number from 1 to 16"),
        ({"n_action_steps": 17}, "n_action_steps is 17"),
        ({"n_action_steps": 4.0}, "n_action_steps is 4.0"),
        ({"n_action_steps": True}, "n_action_steps is True"),
        ({"n_action_steps": "z" * 50}, "n_action_steps is 'z{40}...', expected"),
        ({"reset": 1}, "reset is 1, expected true or false"),
        ({"reset": "yes"}, "reset is 'yes'"),
    ],
)
def test_requests_of_another_form_are_refused(reader: RequestReader, changes: Changes, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        reader.read(request(**changes), 1)


@pytest.mark.parametrize(
    ("front", "match"),
    [
        (
            FRONT.astype(np.float32),
            r"images.front is float32 of shape \(480, 640, 3\), expected uint8 of shape \(height",
        ),
        (FRONT.astype(np.int8), "is int8 of shape"),
        (FRONT.transpose(2, 0, 1), r"uint8 of shape \(3, 480, 640\), expected uint8 of shape \(height, width, 3\)"),
        (FRONT[None], r"shape \(1, 480, 640, 3\)"),
        (FRONT[..., :1], r"shape \(480, 640, 1\)"),
        (FRONT[..., 0], r"shape \(480, 640\)"),
        (FRONT.tolist()[:1], "front is a list"),
        (b"jpeg", "front is a bytes"),
        (FRONT[:15], r"shape \(15, 640, 3\), expected sides of 16 to 4096 pixels"),
        (FRONT[:, :15], r"shape \(480, 15, 3\), expected sides"),
        (np.zeros((16, 4097, 3), np.uint8), r"shape \(16, 4097, 3\), expected sides"),
        (np.zeros((0, 640, 3), np.uint8), r"shape \(0, 640, 3\), expected sides"),
    ],
)
def test_images_of_another_form_are_refused(reader: RequestReader, front: object, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        reader.read(request(**{"observation.images.front": front}), 1)


@pytest.mark.parametrize(
    ("state", "match"),
    [
        (STATE[:7], r"observation.state is float64 of shape \(7,\), expected an array of shape \(8,\)"),
        (STATE[None], r"shape \(1, 8\)"),
        (STATE.tolist(), "observation.state is a list"),
        (np.where(np.arange(8) == 3, np.nan, STATE), r"components that are not finite: \[3\]"),
        (np.where(np.arange(8) > 5, -np.inf, STATE), r"components that are not finite: \[6 7\]"),
    ],
)
def test_states_of_another_form_are_refused(reader: RequestReader, state: object, match: str) -> None:
    with pytest.raises(MessageError, match=match):
        reader.read(request(**{"observation.state": state}), 1)


@pytest.mark.parametrize("message", [None, [1], "text", STATE])
def test_what_is_no_map_is_refused(reader: RequestReader, message: object) -> None:
    with pytest.raises(MessageError, match="a request is a map, got"):
        reader.read(message, 1)


def test_the_largest_message_follows_from_the_cameras(embodiment: Embodiment, reader: RequestReader) -> None:
    # Two frames of 1920 x 1080 x 3 and 64 KiB; then one of them 4000 x 3000.
    assert reader.max_bytes == 2 * 6_220_800 + 65_536
    huge = dataclasses.replace(embodiment.cameras[1], width=4000, height=3000)
    cameras = (embodiment.cameras[0], huge)
    assert RequestReader(dataclasses.replace(embodiment, cameras=cameras)).max_bytes == 6_220_800 + 36_000_000 + 65_536


@pytest.mark.parametrize(
    "rename",
    [
        lambda front, wrist: (front, dataclasses.replace(wrist, key="front")),
        lambda front, wrist: (front, dataclasses.replace(wrist, key="observation.images.state")),
        lambda front, wrist: (front, dataclasses.replace(wrist, key="images.prompt")),
    ],
)
def test_keys_that_cannot_be_told_apart_are_refused(
    embodiment: Embodiment, rename: Callable[[Camera, Camera], tuple[Camera, ...]]
) -> None:
    twins = dataclasses.replace(embodiment, cameras=rename(*embodiment.cameras))
    with pytest.raises(
        EmbodimentError, match=r"xarm7_gripper cannot be served: .* are not distinct without their lead"
    ):
        RequestReader(twins)
