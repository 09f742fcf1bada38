"""Values of the controller as JSON and back: the dataclasses say how, nothing is listed twice.

What is read may come from anywhere: whatever does not fit its type to the letter raises CodecError.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

ODD_FLOATS = {"nan", "inf", "-inf"}
"""JSON has no word for them, and readings may be anything."""
MOMENTS = {date, datetime, time}


class CodecError(ValueError):
    """Something that is not what its type says."""


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it; floats come back to the bit. Raises CodecError."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case date() | time():  # and datetime, which is a date
            return value.isoformat()
        case Mapping():
            return {encode(key): encode(item) for key, item in value.items()}
        case frozenset():
            return sorted((encode(item) for item in value), key=repr)
        case tuple():
            return [encode(item) for item in value]
    if not is_dataclass(value):
        raise CodecError(f"{type(value).__name__} has no form in JSON")
    return {field.name: encode(getattr(value, field.name)) for field in fields(value)}


def decode(kind: Any, data: Any) -> Any:
    """Return the value of a type; raise CodecError for anything that is not exactly one."""
    if isinstance(kind, TypeAliasType):
        return decode(kind.__value__, data)
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is Union:
        (present,) = (argument for argument in arguments if argument is not NoneType)
        return None if data is None else decode(present, data)
    if is_dataclass(origin):
        return _decode_fields(origin, arguments, data)
    if issubclass(origin, Mapping):
        return {decode(arguments[0], key): decode(arguments[1], item) for key, item in _checked(dict, data).items()}
    if origin in {tuple, frozenset}:
        items = _checked(list, data)
        kinds = arguments if len(arguments) > 1 and arguments[1] is not Ellipsis else (arguments[0],) * len(items)
        if len(kinds) != len(items):
            raise CodecError(f"{len(items)} values instead of {len(kinds)}")
        return origin(decode(member, item) for member, item in zip(kinds, items, strict=True))
    return _decode_scalar(origin, data)


def _decode_fields(kind: Any, arguments: tuple[Any, ...], data: Any) -> Any:
    """Return a dataclass; what is missing takes its default. Raises CodecError for what is unknown."""
    hints, parameters = _hints(kind), dict(zip(kind.__type_params__, arguments, strict=True))
    given = _checked(dict, data)
    if unknown := given.keys() - hints.keys():
        raise CodecError(f"{kind.__name__} has no {', '.join(sorted(map(str, unknown)))}")
    values = {name: decode(parameters.get(hints[name], hints[name]), item) for name, item in given.items()}
    try:
        return kind(**values)
    except TypeError as err:
        raise CodecError(f"{kind.__name__} is incomplete") from err


def _decode_scalar(kind: Any, data: Any) -> Any:
    """Return a single value; raises CodecError."""
    if issubclass(kind, Enum):
        return _tried(kind, data)
    if kind in MOMENTS:
        return _tried(kind.fromisoformat, _checked(str, data))
    if kind is float and isinstance(data, str) and data in ODD_FLOATS:
        return float(data)
    if isinstance(data, bool) and kind is not bool:
        raise CodecError(f"{data!r} is no {kind.__name__}")
    return _checked(float | int if kind is float else kind, data)


def _tried(make: Callable[[Any], Any], data: Any) -> Any:
    """Return what a value makes; raises CodecError."""
    try:
        return make(data)
    except ValueError as err:
        raise CodecError(str(err)) from err


def _checked(kind: Any, data: Any) -> Any:
    """Return data that is of a type; raises CodecError for any other."""
    if not isinstance(data, kind):
        raise CodecError(f"{data!r:.40} is no {getattr(kind, '__name__', kind)}")
    return data


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields."""
    return get_type_hints(kind)
