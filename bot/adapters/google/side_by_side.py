"""Serialized protocol buffers of one kind, read side by side: field by field, of all at once.

To make an object of each message, and one of each of its fields, costs more than all else that is
done with most log entries. Here none is made: what a field holds is a column of places among the
bytes of all messages, one behind another.

```
messages   |text…|id…|time…||id…|json……|time…||text…|id…|time…|
field 3     ^text            ^              ^text               where a cursor stands in each:
field 4           ^id        ^id                  ^id           it moves on over what was asked for
```

All writers of protocol buffers that we know of write fields in the order of their numbers, though
none must. So fields are asked for in that order, and a message whose cursor is not at its end
after the last one has another order, or is broken: it is `stuck`.

Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.core.entries.slices import PADDING, Slices, words

Ints = NDArray[np.int64]
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
LIMIT = 1 << 21
"""Numbers of more than three bytes stand in no field that we ask for: a page is smaller."""


class Spans(NamedTuple):
    """Where something begins and ends in each message: both the same where it is not there."""

    start: Ints
    end: Ints

    @property
    def there(self) -> NDArray[np.bool_]:
        """Where there is any of it."""
        return self.start < self.end

    def where(self, chosen: NDArray[np.bool_]) -> Spans:
        """The chosen ones; the others end where they begin."""
        return Spans(self.start, np.where(chosen, self.end, self.start))

    def otherwise(self, other: Spans) -> Spans:
        """The other one's where there is nothing."""
        there = self.there
        if there.all():
            return self
        return Spans(*(np.where(there, a, b) for a, b in zip(self, other, strict=True)))


class SideBySide:
    """A cursor in each message. Arrays that were given out are never changed."""

    def __init__(self, data: bytes, starts: Ints, ends: Ints) -> None:
        """At the beginning of each. `data` goes on for `BEHIND` after the last one, so that a tag
        and a length may be looked for at every cursor."""
        self.data = data
        self.bytes = np.frombuffer(self.data, np.uint8)
        self.words = words(self.data)
        self.messages = Slices(data, starts, ends)
        self._end = ends
        self._at = starts

    @classmethod
    def of(cls, messages: Sequence[bytes]) -> SideBySide:
        """Those, put one behind another."""
        lengths = np.fromiter(map(len, messages), np.int64, len(messages))
        ends = lengths.cumsum()
        return cls(b"".join([*messages, PADDING]), ends - lengths, ends)

    def field(self, number: int) -> Spans:
        """Where the bytes of a field are."""
        mine, at = self._with(number, _BYTES)
        if not at.size:
            return Spans(self._at, self._at)
        size, start = self.numbers(at)
        return self._moved(mine, start, start + size)

    def fields(self, *numbers: int) -> Spans:
        """Where fields with these numbers are, with their tags: parts of a message that are one."""
        start = self._at
        for number in numbers:
            before: Ints | None = None
            while before is None or not (before is self._at or np.array_equal(before, self._at)):
                before = self._at
                self.field(number)
        return Spans(start, self._at)

    def number(self, number: int) -> Ints:
        """A field's number; 0 where it is not there."""
        mine, at = self._with(number, _VARINT)
        value, end = self.numbers(at)
        value = np.where(value < LIMIT, value, 0)
        self._moved(mine, at, end)
        if isinstance(mine, slice):
            return value
        found = np.zeros(len(self._at), np.int64)
        found[mine] = value
        return found

    def skip(self, known: Sequence[int]) -> None:
        """Moves on over all fields but the `known` ones, which should have come before."""
        rows = np.flatnonzero(self._at < self._end)
        while rows.size:
            tag, at = self.numbers(self._at[rows])
            value, end = self.numbers(at)
            kind = tag & 7
            end += np.where(kind == _BYTES, value, 0)
            end = np.where(kind == _FIXED_64, at + 8, np.where(kind == _FIXED_32, at + 4, end))
            moves = np.isin(kind, (_VARINT, _FIXED_64, _BYTES, _FIXED_32))
            moves &= ~np.isin(tag >> 3, known) & (end <= self._end[rows])
            moves &= (tag < LIMIT) & (value < LIMIT)
            self._moved(rows[moves], end[moves], end[moves])
            rows = rows[moves]
            rows = rows[self._at[rows] < self._end[rows]]

    @property
    def stuck(self) -> list[int]:
        """Which messages were not read to their end."""
        return np.flatnonzero(self._at != self._end).tolist()

    # --- cursors -------------------------------------------------------------------------------

    def _with(self, number: int, kind: int) -> tuple[Ints | slice, Ints]:
        """Which messages go on with a field, and where its tag ends in them."""
        tag = number << 3 | kind
        first, *more = (tag,) if tag < 0x80 else (tag & 0x7F | 0x80, tag >> 7)
        mine = self.bytes[self._at] == first
        for byte in more:
            mine &= self.bytes[self._at + 1] == byte
        mine &= self._at < self._end
        after = 1 + len(more)
        if mine.all():
            return slice(None), self._at + after
        rows = np.flatnonzero(mine)
        return rows, self._at[rows] + after

    def numbers(self, at: Ints) -> tuple[Ints, Ints]:
        """The numbers there, seven bits a byte, and where they end; `LIMIT` or more: too long."""
        value, at = self.bytes[at].astype(np.int64), at + 1
        for bits in (7, 14):
            more = np.flatnonzero(value >= 1 << bits)  # the highest bit of its last byte says so
            if not more.size:
                break
            value[more] += (self.bytes[at[more]].astype(np.int64) - 1) << bits
            at[more] += 1
        return value, at

    def _moved(self, mine: Ints | slice, start: Ints, end: Ints) -> Spans:
        """Moves cursors to `end`, but not beyond a message's: there, nothing was found."""
        beyond = end > self._end[mine]
        if beyond.any():
            start, end = (np.where(beyond, self._at[mine], side) for side in (start, end))
        if isinstance(mine, slice):
            spans = Spans(start, end)
        else:
            spans = Spans(self._at.copy(), self._at.copy())
            spans.start[mine], spans.end[mine] = start, end
        self._at = spans.end
        return spans
