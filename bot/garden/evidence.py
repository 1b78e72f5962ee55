"""Where a value stands though it looks like a word: counted over many masked messages at once.

Everything here asks about *contexts*: a message without the word at one place. Two messages with
the same context differ in that word alone. A context is known by a 64-bit sum of its words'
hashes, so that leaving out a word is a subtraction; what is joined because of it is compared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.garden.mask import SLOT

ENUMERATION: Final = 6
"""So many plain words in otherwise equal messages are values. They may stand in several messages
behind the same word, at least half as many in each."""

ANNOUNCED: Final = 0.5
"""A word announces values if more than this share of the contexts behind it hold one."""

PLACES: Final = 64
"""Only the first so many words of a message are asked whether they vary (all are compared)."""

Parts = Sequence[str]
"""A message's words and signs."""

BEFORE_VALUE = frozenset("=:[(#'\"")
"""Signs that may stand between a word and the value that it announces."""

_WORD = re.compile(r"\w|<\*>")
_Hashes = npt.NDArray[np.uint64]
_Ids = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


def is_word(part: str) -> bool:
    """Whether it is more than a sign."""
    return _WORD.search(part) is not None


def announcer(parts: Parts, i: int) -> str:
    """The word before place i, at most one sign between, in lower case; empty if it is none."""
    j = i - 1
    if j > 0 and parts[j] in BEFORE_VALUE:
        j -= 1
    return parts[j].lower() if j >= 0 and parts[j].isalpha() else ""


def announcing(messages: Sequence[Parts]) -> frozenset[str]:
    """The words behind which a value stands in most contexts.

    A thousand users who opened a session are one context of `user`, not a thousand.
    """
    words = _Words(messages)
    before, contexts, valued = [], [], []
    for table in words.tables(messages):
        for place in range(1, table.places):
            here, last = table.ids[:, place], table.ids[:, place - 1]
            if place > 1:
                last = np.where(words.sign[last], table.ids[:, place - 2], last)
            rows = words.word[here] & (words.lower[last] >= 0)
            before.append(words.lower[last][rows])
            contexts.append(table.without(place)[rows])
            valued.append(words.slot[here[rows]])
    if not before:
        return frozenset()
    word, has_value = np.concatenate(before), np.concatenate(valued)
    what = _mix((2 * word + has_value).astype(np.uint64)) ^ np.concatenate(contexts)
    once = np.unique(what, return_index=True)[1]
    every = np.bincount(word[once], minlength=len(words.lowered))
    values = np.bincount(word[once][has_value[once]], minlength=len(words.lowered))
    return frozenset(words.lowered[i] for i in np.flatnonzero(values > ANNOUNCED * every).tolist())


def enumerations(messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Sets of messages, by index, that are equal where no value stands.

    Three ways: many words stand in one place of a context (alone, or together with other contexts
    behind the same word), or a slot is one of them, or `_sparse`. The first word never varies.
    """
    words = _Words(messages)
    behind: dict[str, list[tuple[bool, list[int]]]] = defaultdict(list)
    for table in words.tables(messages):
        for place in range(1, table.places):
            for members in table.alike(place, messages):
                slot = any(SLOT in messages[m][place] for m in members)
                behind[announcer(messages[members[0]], place)].append((slot, members))
        yield from _sparse(table, messages)
    half = ENUMERATION // 2
    for found in behind.values():
        pooled = sum(len(members) for _, members in found if len(members) >= half)
        for slot, members in found:
            if slot or (pooled >= ENUMERATION and len(members) >= half):
                yield members


def _sparse(table: _Table, messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Messages that are equal but for words that hardly another message has in that place.

    So two names in one message are found, of which each pair occurs once. Many messages must
    have the rest in common, and the rest must be at least half of the words.
    """
    rare = np.zeros(table.ids.shape, np.bool_)
    for place in range(1, table.places):
        _, inverse, counts = np.unique(table.ids[:, place], return_inverse=True, return_counts=True)
        rare[:, place] = counts[inverse] <= ENUMERATION // 2
    rare &= table.words.word[table.ids]
    several = rare.sum(axis=1)
    rows = np.flatnonzero((several > 1) & (2 * several <= table.words.word[table.ids].sum(axis=1)))
    patterns: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in rows.tolist():
        message = messages[table.rows[row]]
        flags = rare[row].tolist()
        pattern = (SLOT if i < len(flags) and flags[i] else p for i, p in enumerate(message))
        patterns[tuple(pattern)].append(table.rows[row])
    yield from (members for members in patterns.values() if len(members) >= ENUMERATION)


class _Words:
    """All different words of some messages as numbers, and what is to know about each."""

    def __init__(self, messages: Iterable[Parts]) -> None:
        self.index = {word: i for i, word in enumerate(dict.fromkeys(chain(*messages)))}
        self.word: _Flags = np.array([is_word(word) for word in self.index], np.bool_)
        self.slot: _Flags = np.array([SLOT in word for word in self.index], np.bool_)
        self.sign: _Flags = np.array([word in BEFORE_VALUE for word in self.index], np.bool_)
        lowered: dict[str, int] = {}
        self.lower: _Ids = np.array(
            [
                lowered.setdefault(word.lower(), len(lowered)) if word.isalpha() else -1
                for word in self.index
            ],
            np.int64,
        )
        self.lowered = list(lowered)

    def tables(self, messages: Sequence[Parts]) -> Iterator[_Table]:
        """The messages of each length."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, message in enumerate(messages):
            by_length[len(message)].append(i)
        for rows in by_length.values():
            ids = np.array([[self.index[word] for word in messages[i]] for i in rows], np.int64)
            yield _Table(self, rows, ids)


class _Table:
    """Messages of one length: a row a message, a column a place."""

    def __init__(self, words: _Words, rows: list[int], ids: _Ids) -> None:
        self.words = words
        self.rows = rows
        self.places = min(PLACES, ids.shape[1])
        self.ids = ids[:, : self.places]
        factors = _mix(np.arange(ids.shape[1], dtype=np.uint64)) | np.uint64(1)
        self._sum: _Hashes = (_mix(ids.astype(np.uint64)) * factors).sum(axis=1, dtype=np.uint64)
        self._factors = factors

    def without(self, place: int) -> _Hashes:
        """A hash of each message but for the word at a place."""
        return self._sum - _mix(self.ids[:, place].astype(np.uint64)) * self._factors[place]

    def alike(self, place: int, messages: Sequence[Parts]) -> list[list[int]]:
        """The sets of two or more messages that are equal but for a word at a place."""
        _, inverse, counts = np.unique(self.without(place), return_inverse=True, return_counts=True)
        rows = np.flatnonzero((counts[inverse] > 1) & self.words.word[self.ids[:, place]])
        sets: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row in rows.tolist():
            message = messages[self.rows[row]]
            sets[(*message[:place], *message[place + 1 :])].append(self.rows[row])
        return [members for members in sets.values() if len(members) > 1]


def _mix(numbers: _Hashes) -> _Hashes:
    """Spreads small numbers over 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    numbers = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Hashes = numbers ^ (numbers >> np.uint64(31))
    return mixed
