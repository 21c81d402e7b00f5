"""Our own values as JSON and back, by their types: recordings, and answers of our own processes. Pure.

A dataclass is an object, a tuple a list, bytes are hexadecimal, a moment is RFC 3339, an enumeration its
word. Reading is strict and bounded, because a recording comes from a file and a decoder may have been taken
over: a key that is missing takes its default, one that is not known is ignored (older and newer versions), a
wrong type names its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

MAX_ITEMS = 100_000  # of one list: a window of watching has at most 20,000 frames
MAX_INTEGER = 2**63 - 1  # the widest counter that a device has; Python makes no float of much larger ones
MAX_PLACE_CHARS = 120

_AS_THEY_ARE = frozenset((int, float, str, bool, type(None)))

T = TypeVar("T")


class JsonFormError(ValueError):
    """The JSON is not such a value; the message is its place, for example "frames.sizes_bytes.3"."""


def to_json(value: Any) -> Any:
    """The value in what `json.dumps` takes."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else value


def from_json(kind: type[T], value: Any, place: str = "") -> T:
    """A value of that type, from what `to_json` made.

    Raises: JsonFormError with the place of the first thing that does not fit.
    """
    return cast(T, _read(kind, value, place))


def _read(kind: Any, value: Any, place: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read_union(get_args(kind), value, place)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _read_mapping(get_args(kind), value, place)
    if is_dataclass(kind):
        return _read_dataclass(kind, value, place)
    return _read_plain(kind, value, place)


def _read_plain(kind: Any, value: Any, place: str) -> Any:
    if kind is type(None) and value is None:
        return None
    if type(value) is int and abs(value) > MAX_INTEGER:
        raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind in (bool, int, str) and type(value) is kind:
        return value
    if isinstance(value, str):
        try:
            if kind is bytes:
                return bytes.fromhex(value)
            if kind is datetime:
                return datetime.fromisoformat(value)
            if isinstance(kind, type) and issubclass(kind, Enum):
                return kind(value)
        except ValueError:
            pass
    raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")


def _read_union(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    """The first member that fits; the message of a single one beside None says where that one does not."""
    if value is None and type(None) in kinds:
        return None
    real = [kind for kind in kinds if kind is not type(None)]
    for kind in real[:-1]:
        try:
            return _read(kind, value, place)
        except JsonFormError:
            continue
    return _read(real[-1], value, place)


def _read_tuple(kinds: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, f"{place}.{number}") for number, item in enumerate(value))
    if len(kinds) != len(value):
        raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")
    return tuple(
        _read(kind, item, f"{place}.{n}") for n, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _read_mapping(kinds: tuple[Any, ...], value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")
    return {str(key): _read(kinds[1], item, f"{place}.{key}") for key, item in value.items()}


def _read_dataclass(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise JsonFormError(place[:MAX_PLACE_CHARS] or "-")
    hints, values = _hints(kind), {}
    for field in fields(kind):
        where = f"{place}.{field.name}".lstrip(".")
        if field.name in value:
            values[field.name] = _read(hints[field.name], value[field.name], where)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise JsonFormError(where[:MAX_PLACE_CHARS])
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
