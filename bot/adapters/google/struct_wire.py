"""Extracts the messages of JSON payloads from serialised `google.protobuf.Struct`s.

A Struct is a map, encoded as a list of fields, each with a name and a value. All payloads of a
page are scanned together, one field per step: three steps for the payloads of most loggers.

```
0a SIZE  0a SIZE name  12 SIZE  1a SIZE text
fields   key           value    string_value
```

Field numbers: google/protobuf/struct.proto.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from bot.adapters.google.side_by_side import Ints, SideBySide, Spans
from bot.core.entries.json_message import SPECIAL
from bot.core.entries.slices import FIRST_BYTES
from bot.core.text.json_levels import KEYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELD, _KEY, _VALUE, _STRING = b"\x0a\x0a\x12\x1a"
_STEPS = 32
"""Fields of a payload that are scanned together with the others'."""
_SPECIAL = SPECIAL | {"error"}
_LEVELS = frozenset(KEYS)


def message(payload: bytes, severity: int) -> bytes:
    """Returns a payload's message; empty if another field affects the entry's meaning."""
    try:
        fields = Struct.FromString(payload).fields
    except DecodeError:
        return b""
    if not _SPECIAL.isdisjoint(fields) or (not severity and not _LEVELS.isdisjoint(fields)):
        return b""
    if "context" in fields and "exception" in fields["context"].struct_value.fields:
        return b""
    return fields["message"].string_value.encode() if "message" in fields else b""


def messages(side: SideBySide, payloads: Spans, severity: Ints) -> tuple[Spans, list[int]]:
    """Returns the spans of the payloads' messages, and the indices that need `message` instead.

    Does not validate the values of other fields.
    """
    found = Spans(payloads.start.copy(), payloads.start.copy())
    odd: list[NDArray[np.int64]] = []
    # Few pages hold an exception inside a `context`; only in those is each `context` looked into.
    special = _WITH_CONTEXT if _EXCEPTION_KEY in side.data else _SPECIAL_NAMES
    rows = np.flatnonzero(payloads.there)
    at, end = payloads.start[rows], payloads.end[rows]
    for _ in range(_STEPS):
        if not rows.size:
            break
        size, key = side.numbers(at + 1)
        after = key + size
        key_size = side.bytes[key + 1].astype(np.int64)
        name = _names_at(side, key + 2, key_size)
        value = np.minimum(key + 2 + key_size, end)
        held, inside = side.numbers(value + 1)
        usual = (side.bytes[at] == _FIELD) & (side.bytes[key] == _KEY) & (key_size < 0x80)
        usual &= (side.bytes[value] == _VALUE) & (inside + held == after) & (after <= end)
        usual &= ~_is_one_of(name, special)
        usual &= (severity[rows] != 0) | ~_is_one_of(name, _LEVEL_NAMES)
        here = np.flatnonzero(usual & (name == _MESSAGE) & (key_size == len("message")))
        if here.size:
            length, text = side.numbers(inside[here] + 1)
            whole = (side.bytes[inside[here]] == _STRING) & (text + length == after[here])
            found.start[rows[here]] = text
            found.end[rows[here]] = np.where(whole, after[here], text)
            usual[here] = whole
        if not usual.all():
            odd.append(rows[~usual])
            rows, after, end = rows[usual], after[usual], end[usual]
        on = after < end
        rows, at, end = rows[on], after[on], end[on]
    odd.append(rows)
    return found, np.concatenate(odd).tolist()


# --- names ---------------------------------------------------------------------------------------


def _names_at(side: SideBySide, at: Ints, sizes: Ints) -> NDArray[np.uint64]:
    """Encodes each name as a number; long names may collide."""
    first = side.words[at] & FIRST_BYTES[np.minimum(sizes, 8)]
    return first ^ (sizes.astype(np.uint64) << np.uint64(56))


def _numbers(names: Iterable[str]) -> NDArray[np.uint64]:
    data = [name.encode() for name in names]
    sizes = np.fromiter(map(len, data), np.int64, len(data))
    return np.sort(_names_at(SideBySide.of(data), sizes.cumsum() - sizes, sizes))


def _is_one_of(names: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = known[np.searchsorted(known[1:], names, "right")] == names
    return found


_MESSAGE = _numbers(["message"])[0]
_SPECIAL_NAMES, _LEVEL_NAMES = _numbers(_SPECIAL), _numbers(_LEVELS)
_WITH_CONTEXT = _numbers(_SPECIAL | {"context"})
_EXCEPTION_KEY = _KEY.to_bytes() + bytes([len("exception")]) + b"exception"
