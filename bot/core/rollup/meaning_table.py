"""What a row means: a table from its key, and understanding what is not in there, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from bot.core.entries.rows import (
    RequestKey,
    RowKey,
    Rows,
    TextKey,
    text_and_severity,
)
from bot.core.entries.understand import (
    Key,
    Kind,
    Meaning,
    Reader,
    requested,
    understand,
)
from bot.core.model.values import Severity
from bot.core.rollup.tally import decoded
from bot.core.text.fast_mask import masked_zeroed
from bot.core.text.id_mask import ids_are_irrelevant, with_placeholder_ids
from bot.core.text.severity import nearest

KNOWN = 32_768
"""Keys in the table. When it is full another one is begun, into which goes what is asked for
again; the full one is forgotten with the next."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


_UNKNOWN, _EXACT, _OWN = -1, -2, -3
"""In place of a meaning's number: not in the table; decided by digits, which no key holds; its
ids decide what a text says."""


_Form = tuple[bytes, Severity]
"""A text whose ids are replaced, and a severity. It is no `TextKey`: there may be a row with this
very text, and it may say something else."""


class _Older(NamedTuple):
    """A full table."""

    by_key: dict[object, int]
    listed: list[Meaning]


class Meanings:
    """Numbers for what rows mean."""

    def __init__(self, counted_as: Callable[[Meaning], Meaning], capacity: int = KNOWN) -> None:
        """Nothing is known; so many keys will be. `counted_as`: what stands for a meaning."""
        self._counted_as = counted_as
        self._capacity = capacity
        self.listed: list[Meaning] = []
        """By number."""
        self.fresh: list[tuple[Key, Severity]] = []
        """Messages met for the first time since somebody last looked and emptied the list; where
        nobody looks, it is emptied when another table is begun."""
        self._reader = Reader()
        self._by_key: dict[object, int] = {}
        """Keys of rows and forms of texts."""
        self._numbers: dict[Meaning, int] = {}
        self._older = _Older({}, [])

    def known(self, rows: Rows) -> Ints:
        """The number of what each row means, as far as it is known: others are below zero."""
        found = map(self._by_key.get, rows.keys, repeat(_UNKNOWN))
        return np.fromiter(found, np.int64, len(rows))

    def learn(self, rows: Rows, numbers: Ints, counting: Flags) -> None:
        """Puts in the numbers of rows that are `counting` and were not known."""
        unknown = np.flatnonzero((numbers < 0) & counting)
        keys = [rows.keys[i] for i in unknown.tolist()]
        forms = _forms(keys)
        found = np.fromiter(map(self._by_key.get, forms, repeat(_UNKNOWN)), np.int64, len(forms))
        for at in np.flatnonzero(found < 0).tolist():
            found[at] = self._look(rows, int(unknown[at]), keys[at], forms[at])
        numbers[unknown] = found

    def make_room(self) -> None:
        """Begins another table if this one is full. What had a number may get another one."""
        if max(len(self._by_key), len(self.listed)) >= self._capacity:
            self._older = _Older(self._by_key, self.listed)
            self._by_key, self.listed = {}, []
            self._numbers.clear()
            self.fresh.clear()

    def _look(self, rows: Rows, i: int, key: RowKey, form: RowKey | _Form) -> int:
        if key is None:
            return self._number(self._reader.read(rows.json(i)))
        number = self._known(form)
        if form is not key:
            if number == _UNKNOWN:
                number = self._by_key[form] = self._alike(cast("_Form", form))
            if number == _OWN:
                number = self._known(key)
        if number == _UNKNOWN:
            number = self._by_key[key] = self._learn(key)
        return self._exact(rows, i, cast("TextKey", key)) if number == _EXACT else number

    def _known(self, key: object) -> int:
        number = self._by_key.get(key, _UNKNOWN)
        if number == _UNKNOWN and key in self._older.by_key:
            number = self._older.by_key[key]
            if number >= 0:
                number = self._listed(self._older.listed[number])
            self._by_key[key] = number
        return number

    def _exact(self, rows: Rows, i: int, key: TextKey) -> int:
        # What stands before the quote, the caller's address, decides nothing.
        text = rows.text(rows.raw_entries[i])
        exact = key, text.partition('"')[2]
        number = self._known(exact)
        if number == _UNKNOWN:
            meaning = understand(text, self._reader.masked, text_and_severity(key)[1])
            number = self._by_key[exact] = self._number(meaning)
        return number

    def _alike(self, form: _Form) -> int:
        """The number of all texts that have this form, or `_OWN`."""
        like, severity = form
        words = decoded(like)
        if ids_are_irrelevant(words):
            meaning = understand(words, masked_zeroed, severity)
            # Who asked, and what was raised, may be told by its id.
            if meaning.piece is None and meaning.key.kind is not Kind.REQUEST:
                return self._number(meaning)
        return _OWN

    def _learn(self, key: TextKey | RequestKey) -> int:
        if isinstance(key, RequestKey):
            own = nearest(key.severity)
            return self._number(requested(key.http, key.text, self._reader.masked, own))
        text, severity = text_and_severity(key)
        meaning = understand(decoded(text), masked_zeroed, severity)
        return _EXACT if meaning.key.kind is Kind.REQUEST else self._number(meaning)

    def _number(self, meaning: Meaning) -> int:
        return self._listed(self._counted_as(meaning))

    def _listed(self, counted: Meaning) -> int:
        number = self._numbers.setdefault(counted, len(self.listed))
        if number == len(self.listed):
            self.listed.append(counted)
            self.fresh.append((counted.key, counted.severity))
        return number


def _forms(keys: Sequence[RowKey]) -> list[RowKey | _Form]:
    """Of texts with ids, in place of their keys."""
    texts = [key[:-1] if isinstance(key, bytes) else b"" for key in keys]
    likes = with_placeholder_ids(texts)
    return [
        key if like is text else (like, text_and_severity(cast("TextKey", key))[1])
        for key, text, like in zip(keys, texts, likes, strict=True)
    ]
