"""What JSON payloads say, read from serialized `google.protobuf.Struct`s side by side.

A Struct is a map, and so a list of fields, each with a name and a value. All payloads of a page
are walked at once, one field a step: that takes three steps for the payloads of most loggers.

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

from bot.adapters.side_by_side import Ints, SideBySide, Spans
from bot.garden.levels import LEVELS
from bot.garden.rows import TRACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELD, _KEY, _VALUE, _STRING = b"\x0a\x0a\x12\x1a"
_STEPS = 32
"""Fields of a payload that are looked at side by side."""
_SPECIAL = TRACES | {"error"}
_LEVELS = frozenset(LEVELS)


def message(payload: bytes, severity: int) -> bytes:
    """A payload's message; empty where something beside it decides what the entry says."""
    try:
        fields = Struct.FromString(payload).fields
    except DecodeError:
        return b""
    if not _SPECIAL.isdisjoint(fields) or (not severity and not _LEVELS.isdisjoint(fields)):
        return b""
    return fields["message"].string_value.encode() if "message" in fields else b""


def messages(side: SideBySide, payloads: Spans, severity: Ints) -> tuple[Spans, list[int]]:
    """Where the message of each payload stands, and which payloads only `message` can tell."""
    found = Spans(payloads.start.copy(), payloads.start.copy())
    odd: list[NDArray[np.int64]] = []
    rows = np.flatnonzero(payloads.there)
    at, end = payloads.start[rows], payloads.end[rows]
    for _ in range(_STEPS):
        if not rows.size:
            break
        size, key = side.numbers(at + 1)
        after = key + size
        key_size = side.bytes[key + 1].astype(np.int64)
        name = _names_at(side, key + 2, key_size)
        value = key + 2 + key_size
        usual = (side.bytes[at] == _FIELD) & (side.bytes[key] == _KEY)
        usual &= (after <= end) & (value <= after) & ~_is_one_of(name, _SPECIAL_NAMES)
        usual &= (severity[rows] != 0) | ~_is_one_of(name, _LEVEL_NAMES)
        if (said := np.flatnonzero(usual & (name == _MESSAGE))).size:
            start, stop, whole = _strings(side, value[said], after[said])
            usual[said] = whole
            found.start[rows[said]], found.end[rows[said]] = start, stop
        if not usual.all():
            odd.append(rows[~usual])
            rows, after, end = rows[usual], after[usual], end[usual]
        on = after < end
        rows, at, end = rows[on], after[on], end[on]
    odd.append(rows)
    return found, np.concatenate(odd).tolist()


def _strings(side: SideBySide, at: Ints, after: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Where texts begin and end, and whether there is one, and nothing else, up to `after`."""
    size, value = side.numbers(at + 1)
    inner, text = side.numbers(value + 1)
    whole = (side.bytes[at] == _VALUE) & (side.bytes[value] == _STRING)
    whole &= (value + size == after) & (text + inner == after)
    return text, np.where(whole, after, text), whole


# --- names ---------------------------------------------------------------------------------------

_WORD = 8
_MASKS = np.array([(1 << 8 * min(n, _WORD)) - 1 for n in range(256)], np.uint64)


def _names_at(side: SideBySide, at: Ints, sizes: Ints) -> NDArray[np.uint64]:
    """A number for each name: two different ones share theirs only if both are long."""
    return (side.words[at] & _MASKS[sizes]) ^ (sizes.astype(np.uint64) << np.uint64(56))


def _numbers(names: Iterable[str]) -> NDArray[np.uint64]:
    data = [name.encode() for name in names]
    words = np.array([int.from_bytes(name[:_WORD], "little") for name in data], np.uint64)
    return np.sort(words ^ (np.array([len(n) for n in data], np.uint64) << np.uint64(56)))


def _is_one_of(names: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = known[np.searchsorted(known[1:], names, "right")] == names
    return found


_MESSAGE = _numbers(["message"])[0]
_SPECIAL_NAMES, _LEVEL_NAMES = _numbers(_SPECIAL), _numbers(_LEVELS)
