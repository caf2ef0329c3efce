"""Messages on the wire: msgpack, with arrays as maps of type, shape and bytes. Nothing is ever pickled or executed.

An array is the map `{__ndarray__: true, data: bytes, dtype: text, shape: list}`, a NumPy scalar the map
`{__npgeneric__: true, data: number, dtype: text}`. The keys of both are bytes, those of all other maps are text.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray
from zr0_core.errors import MessageError

MAX_CONTAINERS = 256
"""Maps and lists in one message; arrays count as two."""
MAX_ENTRIES = 256
"""Entries of one map or list. Bounds, with the above, what a small message can make of memory."""
MAX_DEPTH = 8
"""Maps and lists inside each other."""
MAX_DIMENSIONS = 4
"""Dimensions of an array."""
MAX_KEY = 128
"""Characters of a key."""

_ARRAY, _SCALAR, _DATA, _DTYPE, _SHAPE = b"__ndarray__", b"__npgeneric__", b"data", b"dtype", b"shape"
_DTYPES = {text: np.dtype(text) for text in ("|i1", "|u1")} | {
    text: np.dtype(text) for order in "<>" for kind in "iuf" for size in "248" if (text := order + kind + size)
}
_SCALAR_TYPES: dict[str, type] = {"|b1": bool} | {
    text: float if dtype.kind == "f" else int for text, dtype in _DTYPES.items()
}


def pack(message: Mapping[str, object]) -> bytes:
    """Encode a map of plain values and arrays.

    Raises:
        MessageError: It holds something else, such as an array of Python objects.
    """
    return bytes(msgpack.packb(message, default=_array_to_map))


def unpack(data: bytes) -> object:
    """Decode one message.

    Args:
        data: The whole message. Arrays of the result are read-only views of copies of it.

    Returns:
        None, numbers, texts, bytes, lists, maps with texts as keys, and arrays. NumPy scalars become plain numbers.

    Raises:
        MessageError: It is not one whole msgpack message, is larger or deeper than the limits of this module, holds a
            key twice, or an array whose type is not a plain number or whose size is not that of its bytes.
    """
    collector = _Collector()
    try:
        plain = msgpack.unpackb(
            data,
            object_pairs_hook=collector.map_of,
            list_hook=collector.list_of,
            ext_hook=_refuse_extension,
            max_array_len=MAX_ENTRIES,
            max_map_len=MAX_ENTRIES,
        )
    except ValueError as error:
        reason = str(error) or type(error).__name__
        raise MessageError(f"the message is not msgpack within the limits: {reason}") from error
    return _with_arrays(plain, ())


class _Collector:
    """Builds the maps and lists of one message and counts them while it is read."""

    def __init__(self) -> None:
        self._count = 0

    def list_of(self, entries: list[object]) -> list[object]:
        """Count a list."""
        self._count += 1
        if self._count > MAX_CONTAINERS:
            raise MessageError(f"the message has more than {MAX_CONTAINERS} maps and lists")
        return entries

    def map_of(self, pairs: list[tuple[str | bytes, object]]) -> dict[str | bytes, object]:
        """Count a map and look at its keys."""
        self.list_of([])
        keys = [key for key, _ in pairs]
        if any(len(key) > MAX_KEY for key in keys):
            raise MessageError(f"the message has a key of more than {MAX_KEY} characters")
        built = dict(pairs)
        if len(built) != len(pairs):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise MessageError(f"the message has the key {twice!r} twice in one map")
        return built


def _refuse_extension(code: int, _data: bytes) -> object:
    raise MessageError(f"the message holds a msgpack extension of type {code}, expected plain values and arrays")


def _array_to_map(value: object) -> dict[bytes, object]:
    if not isinstance(value, np.ndarray):
        raise MessageError(f"a {type(value).__name__} cannot be sent, only plain values and arrays")
    if value.dtype.str not in _DTYPES:
        raise MessageError(f"an array of {value.dtype} cannot be sent, only {_names(_DTYPES)}")
    return {_ARRAY: True, _DATA: value.tobytes(), _DTYPE: value.dtype.str, _SHAPE: value.shape}


def _with_arrays(value: Any, path: tuple[str, ...]) -> object:
    if len(path) > MAX_DEPTH:
        raise MessageError(f"{_name(path)}: more than {MAX_DEPTH} maps and lists inside each other")
    if isinstance(value, list):
        return [_with_arrays(item, (*path, str(index))) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if _ARRAY in value:
        return _read_array(value, _name(path))
    if _SCALAR in value:
        return _read_scalar(value, _name(path))
    for key in value:
        if not isinstance(key, str):
            raise MessageError(f"{_name(path)}: a key is {key!r}, expected text")
    return {key: _with_arrays(item, (*path, key)) for key, item in value.items()}


def _read_array(value: dict[bytes, Any], name: str) -> NDArray[Any]:
    _require_fields(value, (_ARRAY, _DATA, _DTYPE, _SHAPE), name)
    data, dtype, shape = value[_DATA], _known(value[_DTYPE], _DTYPES, name), value[_SHAPE]
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise MessageError(f"{name}: the shape of an array is {shape!r}, expected a list of sizes")
    if len(shape) > MAX_DIMENSIONS:
        raise MessageError(f"{name}: an array has {len(shape)} dimensions, expected at most {MAX_DIMENSIONS}")
    if not isinstance(data, bytes):
        raise MessageError(f"{name}: the data of an array is of type {type(data).__name__}, expected bytes")
    needed = math.prod(shape) * dtype.itemsize
    if len(data) != needed:
        raise MessageError(
            f"{name}: an array has {len(data)} bytes of data, its shape {tuple(shape)} of {dtype} needs {needed}"
        )
    return np.ndarray(tuple(shape), dtype=dtype, buffer=data)


def _read_scalar(value: dict[bytes, Any], name: str) -> object:
    _require_fields(value, (_SCALAR, _DATA, _DTYPE), name)
    kind = _known(value[_DTYPE], _SCALAR_TYPES, name)
    if type(value[_DATA]) is not kind:
        raise MessageError(f"{name}: the data of a NumPy scalar is {value[_DATA]!r}, expected {kind.__name__}")
    return value[_DATA]


def _require_fields(value: dict[bytes, Any], fields: tuple[bytes, ...], name: str) -> None:
    if set(value) != set(fields):
        got, expected = _names(map(repr, value)), _names(map(repr, fields))
        raise MessageError(f"{name}: an array or NumPy scalar has the fields {got}, expected {expected}")


def _known(dtype: object, known: Mapping[str, Any], name: str) -> Any:
    if not isinstance(dtype, str) or dtype not in known:
        raise MessageError(f"{name}: the type of an array or NumPy scalar is {dtype!r}, expected {_names(known)}")
    return known[dtype]


def _name(path: tuple[str, ...]) -> str:
    return "/".join(path) or "the message"


def _names(items: Any) -> str:
    return ", ".join(items)
