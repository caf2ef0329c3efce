"""What clients ask: the map of one request, in ZR-0's or openpi's form, checked and turned into an observation."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from zr0_core.embodiment import Camera, Embodiment
from zr0_core.errors import EmbodimentError, MessageError
from zr0_core.types import CameraImage, FloatArray, Observation

SMALLEST_SIDE, LARGEST_SIDE = 16, 4096
"""Sides of an image that is accepted, pixels."""
MAX_INSTRUCTION = 1000
"""Characters of an instruction."""

_TASK, _PROMPT, _NUM_ROWS, _RESET = "task", "prompt", "n_action_steps", "reset"
_WORDS = (_TASK, _PROMPT, _NUM_ROWS, _RESET)
_NAMESPACES = ("observation", "images")
_FULL_HD = 1920 * 1080
_OVERHEAD_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, checked."""

    observation: Observation
    """What the client's robot sees. The protocol has no stamps: all are the time at which the request came."""
    num_rows: int
    """Rows of the chunk that the client wants, from the first."""
    is_reset: bool
    """Whether the client asks for a new episode."""
    is_openpi: bool
    """Whether it is in openpi's form, which is answered with an array instead of nested lists."""


class RequestReader:
    """Reads the requests for one embodiment.

    A key is the embodiment's own. `/` reads as `.`, nested maps as their keys joined, and the leading words
    `observation` and `images` may be absent: `observation/images/front`, `{images: {front: ...}}` and
    `observation.images.front` are the same camera.

    Args:
        embodiment: Its camera keys, state key, state size and horizon decide.

    Raises:
        EmbodimentError: Two of its keys, or a key and a word of the protocol, cannot be told apart by these rules.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        self._cameras = {short_key(camera.key): camera for camera in embodiment.cameras}
        self._state = short_key(embodiment.state.key)
        self._num_state = len(embodiment.state.names)
        self._horizon = embodiment.action.horizon
        self._num_actions = len(embodiment.action.names)
        keys = [*(camera.key for camera in embodiment.cameras), embodiment.state.key, *_WORDS]
        self._keys = {short_key(key): key for key in keys}
        if len(self._keys) != len(keys):
            raise EmbodimentError(
                f"embodiment {embodiment.name} cannot be served: {', '.join(keys)} are not distinct without their "
                f"leading {' and '.join(_NAMESPACES)}; rename a camera or state key"
            )

    @property
    def max_bytes(self) -> int:
        """The largest message that is read: per camera its own frame or a full-HD one, whichever is larger."""
        pixels = sum(max(camera.width * camera.height, _FULL_HD) for camera in self._cameras.values())
        return 3 * pixels + _OVERHEAD_BYTES

    @property
    def actions_shape(self) -> tuple[int, int]:
        """The shape (H, A) of the chunk that answers a request."""
        return self._horizon, self._num_actions

    def read(self, message: object, arrived_ns: int) -> Request:
        """Check a decoded message.

        Args:
            message: What `unpack` returned.
            arrived_ns: When it arrived, nanoseconds since the epoch.

        Raises:
            MessageError: A key is unknown, missing or given twice, or a value has the wrong type, shape or size.
        """
        if not isinstance(message, dict):
            raise MessageError(f"a request is a map, got {type(message).__name__}")
        values = self._values(message)
        instruction = _instruction(values)
        missing = [self._keys[short] for short in (*self._cameras, self._state) if short not in values]
        if missing:
            raise MessageError(f"the request lacks {', '.join(missing)}; it has: {', '.join(values)}")
        return Request(
            observation=Observation(
                images=tuple(_image(camera, values[short], arrived_ns) for short, camera in self._cameras.items()),
                state=self._read_state(values[self._state]),
                state_stamp_ns=arrived_ns,
                instruction=instruction,
            ),
            num_rows=self._read_num_rows(values.get(_NUM_ROWS)),
            is_reset=_flag(values.get(_RESET, False)),
            is_openpi=_PROMPT in values,
        )

    def _values(self, message: dict[str, object]) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in _leaves(message, ""):
            short = short_key(key)
            if short not in self._keys:
                raise MessageError(
                    f"unknown key {key!r}; {self._hint(short)}known are {', '.join(self._keys.values())}"
                )
            if short in values:
                raise MessageError(f"{self._keys[short]} is given twice, the second time as {key!r}")
            values[short] = value
        return values

    def _hint(self, short: str) -> str:
        close = difflib.get_close_matches(short, self._keys, n=1)
        return f"did you mean {self._keys[close[0]]!r}? " if close else ""

    def _read_state(self, value: object) -> FloatArray:
        name = self._keys[self._state]
        if not isinstance(value, np.ndarray) or value.shape != (self._num_state,):
            raise MessageError(f"{name} is {_form(value)}, expected an array of shape ({self._num_state},)")
        state = value.astype(np.float64)
        if not np.isfinite(state).all():
            raise MessageError(f"{name} has components that are not finite: {np.flatnonzero(~np.isfinite(state))}")
        return state

    def _read_num_rows(self, value: object) -> int:
        if value is None:
            return self._horizon
        if type(value) is not int or not 1 <= value <= self._horizon:
            raise MessageError(f"{_NUM_ROWS} is {_form(value)}, expected a whole number from 1 to {self._horizon}")
        return value


def short_key(key: str) -> str:
    """Return a key with dots and without the leading words `observation` and `images`."""
    parts = re.split(r"[./]", key)
    while len(parts) > 1 and parts[0] in _NAMESPACES:
        parts = parts[1:]
    return ".".join(parts)


def _leaves(message: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in message.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def _instruction(values: Mapping[str, object]) -> str:
    given = [word for word in (_TASK, _PROMPT) if word in values]
    if len(given) != 1:
        raise MessageError(
            f"the request has {' and '.join(given) or 'no instruction'}, expected either {_TASK} (answered with nested "
            f"lists) or {_PROMPT} (answered with an array)"
        )
    text = values[given[0]]
    if not isinstance(text, str) or not text.strip():
        raise MessageError(f"{given[0]} is {_form(text)}, expected what to do, in words")
    if len(text) > MAX_INSTRUCTION:
        raise MessageError(f"{given[0]} has {len(text)} characters, expected at most {MAX_INSTRUCTION}")
    return text


def _image(camera: Camera, value: object, arrived_ns: int) -> CameraImage:
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
        raise MessageError(f"{camera.key} is {_form(value)}, expected uint8 of shape (height, width, 3), red first")
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in value.shape[:2]):
        raise MessageError(
            f"{camera.key} is {_form(value)}, expected sides of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
        )
    return CameraImage(key=camera.key, stamp_ns=arrived_ns, rgb=value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise MessageError(f"{_RESET} is {_form(value)}, expected true or false")
    return value


def _form(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "...")
    return repr(value) if value is None or isinstance(value, bool | int | float) else f"a {type(value).__name__}"
