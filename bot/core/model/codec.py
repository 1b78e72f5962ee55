"""Converts values to JSON and back, by the annotations of the dataclasses.

Everything that is stored or sent uses this codec. It is compatible with older and newer versions
of the program: unknown fields are ignored, absent fields take their defaults, an enum is written
by its name (a `StrEnum` by its value), and `None` is omitted where it is the default.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

T = TypeVar("T")


class CodecError(ValueError):
    """The data does not have the expected form. The message has the path, never the content."""


def dumps(value: object) -> bytes:
    """Encodes a value as compact UTF-8 JSON."""
    return dump_json(encode(value))


def loads(kind: type[T], data: bytes | str) -> T:
    """Decodes what `dumps` wrote. Raises `CodecError` if it is not JSON or not a `kind`."""
    return decode(kind, load_json(data))


def dump_json(data: object) -> bytes:
    """Serialises plain JSON data; escapes what orjson refuses, such as lone surrogates."""
    try:
        return orjson.dumps(data)
    except TypeError:
        try:
            return json.dumps(data, separators=(",", ":")).encode("ascii")
        except (TypeError, ValueError) as error:
            raise CodecError(f"not JSON data: {error}") from error


def load_json(data: bytes | str) -> object:
    """Parses JSON. Raises `CodecError`."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data)
        except ValueError as error:
            raise CodecError("not JSON") from error


def encode(value: object) -> object:
    """Converts a value to plain JSON data. Raises `CodecError` for unsupported types."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(part)
            for field in dataclasses.fields(value)
            if (part := getattr(value, field.name)) is not None or field.default is not None
        }
    if isinstance(value, Mapping):
        return {str(key): encode(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [encode(part) for part in value]
    raise CodecError(f"{type(value).__name__} has no place in JSON")


def decode(kind: type[T], data: object) -> T:
    """Converts plain JSON data to a `kind`. Raises `CodecError` with the path of the mistake."""
    return cast("T", _decode(kind, data, kind.__name__))


@cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
        if field.init
    )


def _decode(kind: Any, data: object, at: str) -> object:
    if kind is object or kind is Any:
        return data
    if isinstance(kind, type):
        return _class(kind, data, at)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), data, at)
    if origin is tuple:
        return _tuple(get_args(kind), data, at)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _, inner = get_args(kind)
        return {key: _decode(inner, part, f"{at}.{key}") for key, part in _object(data, at).items()}
    raise CodecError(f"{at}: cannot read a {kind}")


def _class(kind: type, data: object, at: str) -> object:
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data, at)
    if issubclass(kind, Enum):
        return _enum(kind, data, at)
    return _plain(kind, data, at)


def _dataclass(kind: type, data: object, at: str) -> object:
    source = _object(data, at)
    values: dict[str, object] = {}
    for name, hint, required in _fields(kind):
        if name in source:
            values[name] = _decode(hint, source[name], f"{at}.{name}")
        elif required:
            if not _takes_none(hint):
                raise CodecError(f"{at}.{name} is missing")
            values[name] = None
    return kind(**values)


def _union(options: tuple[Any, ...], data: object, at: str) -> object:
    if data is None and type(None) in options:
        return None
    failure: CodecError | None = None
    for option in options:
        if option is type(None):
            continue
        try:
            return _decode(option, data, at)
        except CodecError as error:
            failure = failure or error
    raise failure or CodecError(f"{at} has no value")


def _tuple(parts: tuple[Any, ...], data: object, at: str) -> tuple[object, ...]:
    if not isinstance(data, list | tuple):
        raise CodecError(f"{at} is no list")
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(_decode(parts[0], item, f"{at}[{n}]") for n, item in enumerate(data))
    if len(parts) != len(data):
        raise CodecError(f"{at} has {len(data)} items, not {len(parts)}")
    return tuple(
        _decode(part, item, f"{at}[{n}]")
        for n, (part, item) in enumerate(zip(parts, data, strict=True))
    )


def _enum(kind: type[Enum], data: object, at: str) -> Enum:
    try:
        if issubclass(kind, StrEnum):
            return kind(str(data))
        return kind[data] if isinstance(data, str) else kind(data)
    except (ValueError, KeyError) as error:
        raise CodecError(f"{at} is no {kind.__name__}") from error


def _plain(kind: type, data: object, at: str) -> object:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(data, kind) and (kind is bool or not isinstance(data, bool)):
        return data
    raise CodecError(f"{at} is no {kind.__name__}")


def _object(data: object, at: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise CodecError(f"{at} is no object")
    return data


def _takes_none(hint: Any) -> bool:
    return type(None) in get_args(hint)
