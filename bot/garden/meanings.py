"""What a row means: a table from its key, and understanding what is not in there, once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.garden.entry import Key, Kind, Reader, requested, understand
from bot.garden.ids import tells_all, with_like_ids
from bot.garden.levels import nearest
from bot.garden.masker import of_zeroed
from bot.garden.model import JSON, Severity
from bot.garden.rows import RequestKey, Rows, TextKey
from bot.garden.tally import shown_name
from bot.garden.traces import Piece

KNOWN = 32_768
"""Keys in the table. It is emptied when full: what is said often is soon in there again."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Meaning(NamedTuple):
    """What an entry says, apart from when and where."""

    key: Key
    severity: Severity
    route: str | None = None
    piece: Piece | None = None
    """It may be a fragment of a traceback, and must be kept as it is."""
    logged_request: bool = False
    """An entry of the request log, not an access line that the server wrote."""


_UNKNOWN, _EXACT, _OWN = -1, -2, -3
"""In place of a meaning's number: not in the table; decided by digits, which no key holds; its
ids decide what a text says."""


class Meanings:
    """Numbers for what rows mean."""

    def __init__(self, counted_as: Callable[[Meaning], Meaning], capacity: int = KNOWN) -> None:
        """Nothing is known; so many keys will be. `counted_as`: what stands for a meaning."""
        self._counted_as = counted_as
        self._capacity = capacity
        self.listed: list[Meaning] = []
        """By number. Another list once they are numbered anew."""
        self.fresh: list[tuple[Key, Severity]] = []
        """Messages met for the first time since somebody last looked and emptied the list; where
        nobody looks, it is emptied as the table is."""
        self._reader = Reader()
        self._by_key: dict[object, int] = {}
        self._by_form: dict[TextKey, int] = {}
        """Of texts whose ids are replaced: what all of that form say, or `_OWN`."""
        self._numbers: dict[Meaning, int] = {}

    def of(self, rows: Rows, counting: Flags) -> Ints:
        """The number of what each row means; below zero where it is not `counting` and not known.

        Numbers hold until this is asked again.
        """
        if max(len(self._by_key), len(self._by_form), len(self.listed)) >= self._capacity:
            self._by_key.clear()
            self._by_form.clear()
            self._numbers.clear()
            self.listed = []
            self.fresh.clear()
        known = map(self._by_key.get, rows.keys, repeat(_UNKNOWN))
        numbers = np.fromiter(known, np.int64, len(rows))
        unknown = np.flatnonzero((numbers < 0) & counting)
        if unknown.size:
            numbers[unknown] = [self._look(rows, i) for i in unknown.tolist()]
        return numbers

    def _look(self, rows: Rows, i: int) -> int:
        key = rows.keys[i]
        if key is None:
            return self._number(self._read(rows.json(i), shown_name(rows.names[i])))
        number = self._by_key.get(key, _UNKNOWN)
        if number == _UNKNOWN and not isinstance(key, RequestKey):
            number = self._alike(key)
        if number in (_UNKNOWN, _OWN):
            number = self._by_key[key] = self._learn(key)
        if number == _EXACT and not isinstance(key, RequestKey):
            # What stands before the quote, the caller's address, decides nothing.
            text = rows.text(rows.raws[i])
            exact = key, text.partition('"')[2]
            number = self._by_key.get(exact, _UNKNOWN)
            if number == _UNKNOWN:
                number = self._by_key[exact] = self._number(
                    self._understood(text, key[1], self._reader.masked)
                )
        return number

    def _alike(self, key: TextKey) -> int:
        """The number of all texts that differ from this one in ids alone."""
        text, severity = key
        like = with_like_ids(text)
        if like == text:
            return _UNKNOWN
        number = self._by_form.get((like, severity))
        if number is None:
            number = _OWN
            words = _decoded(like)
            if tells_all(words):
                meaning = self._understood(words, severity)
                # Who asked, and what was raised, may be told by its id.
                if meaning.piece is None and meaning.key.kind is not Kind.REQUEST:
                    number = self._number(meaning)
            self._by_form[like, severity] = number
        return number

    def _learn(self, key: TextKey | RequestKey) -> int:
        if isinstance(key, RequestKey):
            asked = requested(key.http, key.text, self._reader.masked)
            level = nearest(key.severity) or asked.severity
            return self._number(Meaning(asked.key, level, asked.route, logged_request=True))
        meaning = self._understood(_decoded(key[0]), key[1])
        return _EXACT if meaning.key.kind is Kind.REQUEST else self._number(meaning)

    def _understood(
        self, text: str, severity: int, masked: Callable[[str], str] = of_zeroed
    ) -> Meaning:
        found = understand(text, masked)
        level = nearest(severity) or found.severity
        return Meaning(found.key, level, found.route, found.piece)

    def _read(self, raw: JSON, name: str) -> Meaning:
        entry = self._reader.read(raw, name)
        return Meaning(entry.key, entry.severity, entry.route, entry.piece, "httpRequest" in raw)

    def _number(self, meaning: Meaning) -> int:
        counted = self._counted_as(meaning)
        number = self._numbers.setdefault(counted, len(self.listed))
        if number == len(self.listed):
            self.listed.append(counted)
            self.fresh.append((counted.key, counted.severity))
        return number


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
