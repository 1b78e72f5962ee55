"""Where a value stands though it looks like a word: counted over many masked messages at once.

Everything here asks about *contexts*: a message without the word at one place. Two messages with
the same context differ in that word alone. A context is known by a 64-bit sum of its words'
hashes, so that leaving out a word is a subtraction; what is joined because of it is compared.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.core.text.mask import SLOT

ENUMERATION: Final = 5
"""So many words in one place of otherwise equal messages are values. They may stand in several
contexts behind the same word, at least `SEVERAL` in each."""

SEVERAL: Final = 3
"""Fewer words than this in one place, all else equal, are wordings until more is known."""

SPARSE: Final = 3 * ENUMERATION
"""So many messages must have the rest in common where words in several places are values."""

PLACES: Final = 64
"""Only the first so many words of a message are asked whether they vary (all are compared)."""

Parts = Sequence[str]
"""A message's words and signs."""

_WORD = re.compile(r"\w|<\*>")
_BEFORE_VALUE = frozenset("=:[(#'\"")  # may stand between a word and the value that it announces
_Numbers = npt.NDArray[np.uint64]
_Flags = npt.NDArray[np.bool_]


def is_word(part: str) -> bool:
    """Whether it is more than a sign."""
    return _WORD.search(part) is not None


def variants(messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Sets of messages, by index, that are equal where no value stands.

    A place of a context holds values if so many words stand there (`ENUMERATION`), or if half of
    them were found to be values elsewhere, as the user of one message is the user of another. The
    first word of a message never varies.
    """
    words = _Words(messages)
    found: list[tuple[int, list[int]]] = []
    for table in words.tables(messages):
        for place in range(1, table.places):
            found += [(place, members) for members in table.alike(place, messages)]
        yield from _sparse(table, messages)
    behind: Counter[str] = Counter()
    for place, members in found:
        if len(members) >= SEVERAL and (word := _before(messages[members[0]], place)).isalpha():
            behind[word] += len(members)
    values: set[str] = set()
    undecided = []
    for place, members in found:
        here = {messages[m][place] for m in members}
        together = max(len(members), behind[_before(messages[members[0]], place)])
        if len(members) >= SEVERAL and together >= ENUMERATION:
            values |= here - {SLOT}
            yield members
        else:
            undecided.append((here, members))
    yield from (members for here, members in undecided if 2 * len(here & values) >= len(here))


def _before(parts: Parts, place: int) -> str:
    """The word before a place, at most one sign between, in lower case."""
    j = place - 1
    if j > 0 and parts[j] in _BEFORE_VALUE:
        j -= 1
    return parts[j].lower()


def _sparse(table: _Table, messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Messages that are equal but for words that hardly another message has in that place.

    So two names in one message are found, of which each pair occurs once. Many messages must
    have the rest in common, and the rest must be at least half of the words.
    """
    rare = np.zeros(table.ids.shape, np.bool_)
    for place in range(1, table.places):
        _, inverse, counts = np.unique(table.ids[:, place], return_inverse=True, return_counts=True)
        rare[:, place] = counts[inverse] <= SEVERAL
    are_words = table.words.word[table.ids]
    rare &= are_words
    several = rare.sum(axis=1)
    rows = np.flatnonzero((several > 1) & (2 * several <= are_words.sum(axis=1)))
    patterns: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in rows.tolist():
        pattern = list(messages[table.rows[row]])
        for place in np.flatnonzero(rare[row]).tolist():
            pattern[place] = SLOT
        patterns[tuple(pattern)].append(table.rows[row])
    yield from (members for members in patterns.values() if len(members) >= SPARSE)


class _Words:
    """All different words of some messages as numbers, and which are more than signs."""

    def __init__(self, messages: Sequence[Parts]) -> None:
        self._number = {word: i for i, word in enumerate(dict.fromkeys(chain(*messages)))}
        self.word: _Flags = np.array([is_word(word) for word in self._number], np.bool_)

    def tables(self, messages: Sequence[Parts]) -> Iterator[_Table]:
        """The messages of each length."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, message in enumerate(messages):
            by_length[len(message)].append(i)
        for rows in by_length.values():
            ids = [[self._number[word] for word in messages[i]] for i in rows]
            yield _Table(self, rows, np.array(ids, np.uint64))


class _Table:
    """Messages of one length: a row a message, a column a place."""

    def __init__(self, words: _Words, rows: list[int], ids: _Numbers) -> None:
        self.words = words
        self.rows = rows
        self.places = min(PLACES, ids.shape[1])
        self.ids = ids[:, : self.places]
        self._factors = _mix(np.arange(ids.shape[1], dtype=np.uint64)) | np.uint64(1)
        self._sum: _Numbers = (_mix(ids) * self._factors).sum(axis=1, dtype=np.uint64)

    def alike(self, place: int, messages: Sequence[Parts]) -> list[list[int]]:
        """The sets of two or more messages that are equal but for a word at a place."""
        contexts = self._sum - _mix(self.ids[:, place]) * self._factors[place]
        _, inverse, counts = np.unique(contexts, return_inverse=True, return_counts=True)
        rows = np.flatnonzero((counts[inverse] > 1) & self.words.word[self.ids[:, place]])
        sets: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row in rows.tolist():
            message = messages[self.rows[row]]
            sets[(*message[:place], *message[place + 1 :])].append(self.rows[row])
        return [members for members in sets.values() if len(members) > 1]


def _mix(numbers: _Numbers) -> _Numbers:
    """Spreads small numbers over 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    mixed: _Numbers = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
