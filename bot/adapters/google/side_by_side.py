"""Parses many serialised protocol buffers of one type together, one field of all at a time.

Creating an object per message and per field would cost more than everything else that is done with
most log entries. Here a field is a column of offsets into the concatenated bytes of all messages.

```
messages   |text…|id…|time…||id…|json……|time…||text…|id…|time…|
field 3     ^text            ^              ^text               the cursor in each message
field 4           ^id        ^id                  ^id           moves past the field just read
```

All known encoders write fields in the order of their numbers, though the encoding does not require
it. So fields must be read in that order. A message whose cursor is not at its end after the last
field has another order or is broken: it is `stuck`.

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
"""Bound for varints: three bytes suffice for every field that we read, since a page is smaller."""


class Spans(NamedTuple):
    """Start and end of something in each message; equal if it is absent."""

    start: Ints
    end: Ints

    @property
    def there(self) -> NDArray[np.bool_]:
        """Whether it is present, and not empty, per message."""
        return self.start < self.end

    def where(self, chosen: NDArray[np.bool_]) -> Spans:
        """Keeps the chosen spans and makes the others empty."""
        return Spans(self.start, np.where(chosen, self.end, self.start))

    def otherwise(self, other: Spans) -> Spans:
        """Takes the spans of `other` where these are empty."""
        there = self.there
        if there.all():
            return self
        return Spans(*(np.where(there, a, b) for a, b in zip(self, other, strict=True)))


class SideBySide:
    """A cursor in each message. Arrays that were returned are never changed."""

    def __init__(self, data: bytes, starts: Ints, ends: Ints) -> None:
        """Starts at the beginning of each message.

        `data` must continue with `PADDING` after the last one, so that a tag and a length can be
        read at every cursor.
        """
        self.data = data
        self.bytes = np.frombuffer(self.data, np.uint8)
        self.words = words(self.data)
        self.messages = Slices(data, starts, ends)
        self._end = ends
        self._at = starts

    @classmethod
    def of(cls, messages: Sequence[bytes]) -> SideBySide:
        """Concatenates messages."""
        lengths = np.fromiter(map(len, messages), np.int64, len(messages))
        ends = lengths.cumsum()
        return cls(b"".join([*messages, PADDING]), ends - lengths, ends)

    def field(self, number: int) -> Spans:
        """Reads a length-delimited field: returns the spans of its bytes."""
        mine, at = self._with(number, _BYTES)
        if not at.size:
            return Spans(self._at, self._at)
        size, start = self.numbers(at)
        return self._moved(mine, start, start + size)

    def fields(self, *numbers: int) -> Spans:
        """Reads adjacent, possibly repeated fields: returns their common spans, tags included."""
        start = self._at
        for number in numbers:
            before: Ints | None = None
            while before is None or not (before is self._at or np.array_equal(before, self._at)):
                before = self._at
                self.field(number)
        return Spans(start, self._at)

    def number(self, number: int) -> Ints:
        """Reads a varint field: returns its values, 0 if absent or not below `LIMIT`."""
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
        """Skips all fields except the `known` ones, which should have come before."""
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
        """Indices of the messages that were not read to their end."""
        return np.flatnonzero(self._at != self._end).tolist()

    # --- cursors -------------------------------------------------------------------------------

    def _with(self, number: int, kind: int) -> tuple[Ints | slice, Ints]:
        """Returns the messages whose cursor is at this field, and the ends of its tag in them."""
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
        """Decodes varints; returns values and ends. A value of `LIMIT` or more is incomplete."""
        value, at = self.bytes[at].astype(np.int64), at + 1
        for bits in (7, 14):
            more = np.flatnonzero(value >= 1 << bits)  # the continuation bit is set
            if not more.size:
                break
            value[more] += (self.bytes[at[more]].astype(np.int64) - 1) << bits
            at[more] += 1
        return value, at

    def _moved(self, mine: Ints | slice, start: Ints, end: Ints) -> Spans:
        """Moves cursors to `end`; if that is beyond a message's end, the field counts as absent."""
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
