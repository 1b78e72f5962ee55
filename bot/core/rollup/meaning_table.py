"""Maps row keys to meanings, interpreting each unknown key once."""

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
from bot.core.text.process_ends import ENDED
from bot.core.text.severity import nearest
from bot.core.text.stderr_words import depends_on_digits

KNOWN = 32_768
"""Keys in the table. A full table is kept as the older generation, from which used keys move to
the new one, until that one is full."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


_UNKNOWN, _BY_DIGITS, _BY_IDS = -1, -2, -3
"""Sentinels instead of a meaning's number: unknown; depends on the exact digits, which no key
contains; depends on the text's ids."""


_Form = tuple[bytes, Severity, bool]
"""A text with placeholder ids, and a severity. Not a `TextKey`, since a row may have this very
text and a different meaning."""


class _OldTable(NamedTuple):
    """The previous generation of the table."""

    by_key: dict[object, int]
    listed: list[Meaning]


class MeaningTable:
    """Assigns numbers to the meanings of rows."""

    def __init__(self, counted_as: Callable[[Meaning], Meaning], capacity: int = KNOWN) -> None:
        """`counted_as`: returns the meaning under which a meaning is counted."""
        self._counted_as = counted_as
        self._capacity = capacity
        self.listed: list[Meaning] = []
        """Meanings by number."""
        self.fresh: list[tuple[Key, Severity]] = []
        """Messages that are new since the caller last cleared this list; `make_room` clears it,
        too, when it starts a new table."""
        self._reader = Reader()
        self._by_key: dict[object, int] = {}
        """Numbers by row key, by form, and by exact text."""
        self._numbers: dict[Meaning, int] = {}
        self._old = _OldTable({}, [])

    def known(self, rows: Rows) -> Ints:
        """Returns the number of each row's meaning; below zero if it is not known yet."""
        found = map(self._by_key.get, rows.keys, repeat(_UNKNOWN))
        return np.fromiter(found, np.int64, len(rows))

    def learn(self, rows: Rows, numbers: Ints, counting: Flags) -> None:
        """Fills in the `numbers` of rows that are `counting` and were not known."""
        unknown = np.flatnonzero((numbers < 0) & counting)
        keys = [rows.keys[i] for i in unknown.tolist()]
        forms = _forms(keys)
        found = np.fromiter(map(self._by_key.get, forms, repeat(_UNKNOWN)), np.int64, len(forms))
        for at in np.flatnonzero(found < 0).tolist():
            found[at] = self._find(rows, int(unknown[at]), keys[at], forms[at])
        numbers[unknown] = found

    def make_room(self) -> None:
        """Starts a new table if this one is full. Numbers are not valid across this call."""
        if max(len(self._by_key), len(self.listed)) >= self._capacity:
            self._old = _OldTable(self._by_key, self.listed)
            self._by_key, self.listed = {}, []
            self._numbers.clear()
            self.fresh.clear()

    def _find(self, rows: Rows, i: int, key: RowKey, form: RowKey | _Form) -> int:
        if key is None:
            return self._number(self._reader.read(rows.json(i)))
        number = self._known(form)
        if form is not key:
            if number == _UNKNOWN:
                number = self._by_key[form] = self._of_form(cast("_Form", form))
            if number == _BY_IDS:
                number = self._known(key)
        if number == _UNKNOWN:
            number = self._by_key[key] = self._of_key(key)
        return (
            self._of_exact_text(rows, i, cast("TextKey", key)) if number == _BY_DIGITS else number
        )

    def _known(self, key: object) -> int:
        number = self._by_key.get(key, _UNKNOWN)
        if number == _UNKNOWN and key in self._old.by_key:
            number = self._old.by_key[key]
            if number >= 0:
                number = self._listed(self._old.listed[number])
            self._by_key[key] = number
        return number

    def _of_exact_text(self, rows: Rows, i: int, key: TextKey) -> int:
        text = rows.text(rows.raw_entries[i])
        # Before the quote of an access line is the client's address, which does not matter.
        rest = text.partition('"')[2]
        exact = key, rest if "HTTP" in rest else text
        number = self._known(exact)
        if number == _UNKNOWN:
            meaning = understand(text, self._reader.masked, *text_and_severity(key)[1:])
            number = self._by_key[exact] = self._number(meaning)
        return number

    def _of_form(self, form: _Form) -> int:
        """Returns the number that all texts of this form share, or `_BY_IDS` if they differ."""
        text, severity, stderr = form
        words = decoded(text)
        if ids_are_irrelevant(words):
            meaning = understand(words, masked_zeroed, severity, stderr)
            # Ids can decide the kind of a client and the parts of a traceback.
            if meaning.piece is None and not _needs_digits(meaning, words, stderr):
                return self._number(meaning)
        return _BY_IDS

    def _of_key(self, key: TextKey | RequestKey) -> int:
        if isinstance(key, RequestKey):
            own = nearest(key.severity)
            return self._number(requested(key.http, key.text, self._reader.masked, own))
        text, severity, stderr = text_and_severity(key)
        words = decoded(text)
        meaning = understand(words, masked_zeroed, severity, stderr)
        return _BY_DIGITS if _needs_digits(meaning, words, stderr) else self._number(meaning)

    def _number(self, meaning: Meaning) -> int:
        return self._listed(self._counted_as(meaning))

    def _listed(self, counted: Meaning) -> int:
        number = self._numbers.setdefault(counted, len(self.listed))
        if number == len(self.listed):
            self.listed.append(counted)
            self.fresh.append((counted.key, counted.severity))
        return number


def _needs_digits(meaning: Meaning, words: str, stderr: bool) -> bool:
    """True if a status, an exit code or a count on stderr (`0 errors`) decides the meaning."""
    if meaning.key.kind is Kind.REQUEST or meaning.key.place.startswith(ENDED):
        return True
    return stderr and depends_on_digits(words)


def _forms(keys: Sequence[RowKey]) -> list[RowKey | _Form]:
    """Returns the keys, with a form instead of the key for each text with ids."""
    texts = [key[:-1] if isinstance(key, bytes) else b"" for key in keys]
    replaced = with_placeholder_ids(texts)
    return [
        key if form is text else (form, *text_and_severity(cast("TextKey", key))[1:])
        for key, text, form in zip(keys, texts, replaced, strict=True)
    ]
