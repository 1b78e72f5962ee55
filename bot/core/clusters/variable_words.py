"""Finds values that look like words, by counting over many masked messages at once.

Everything here works on *contexts*: a message without the word at one place. Two messages with the
same context differ in that word alone. A context is identified by a 64-bit sum of its words'
hashes, so that leaving out a word is a subtraction; messages are compared before they are joined,
so a hash collision does no harm.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.core.clusters.outcomes import Parts, are_outcomes, constant, is_cause, is_outcome
from bot.core.text.mask import SLOT

ENUMERATION: Final = 5
"""From this many different words in one place of otherwise equal messages, they are values. They
may be spread over several contexts after the same word, with at least `SEVERAL` in each."""

SEVERAL: Final = 3
"""Fewer words than this in one place, all else equal, count as wordings until more is known."""

SPARSE: Final = 3 * ENUMERATION
"""With values in several places, this many messages must share the rest."""

SPEAKERS: Final = 12
"""From this many different first words before otherwise equal messages, they name who speaks. A
first word usually says what the message is about."""

PLACES: Final = 64
"""Only this many first words of a message are tested for variation (all are compared)."""

_WORD = re.compile(r"\w|<\*>")
_LETTER_ID = re.compile(rf"{re.escape(SLOT)}|[a-f]{{6,}}|[A-F]{{6,}}")
"""A slot, or a hexadecimal id that happens to have no digit."""
_BEFORE_VALUE = frozenset("=:[(#'\"")  # may stand between a word and the value it introduces
_Numbers = npt.NDArray[np.uint64]
_Flags = npt.NDArray[np.bool_]


def is_word(part: str) -> bool:
    """True if it is more than a sign."""
    return _WORD.search(part) is not None


def variants(
    messages: Sequence[Parts], severities: Sequence[frozenset[int]] | None = None
) -> Iterator[list[int]]:
    """Yields sets of messages, by index, that differ only in values.

    A place in a context holds values if `ENUMERATION` different words occur there, or if half of
    them are values elsewhere: a user in one message is a user in another. The first word of a
    message varies only among `SPEAKERS`. A word in several places of a message is one variable.
    Words that say what happened (`outcomes`) are never values. Where words come with different
    `severities`, only those of one severity count together.
    """
    words = _Words(messages)
    found: list[tuple[int, list[int]]] = []
    for table in words.tables(messages):
        for place in range(table.places):
            for members in table.alike(place, messages):
                found += [(place, part) for part in _by_severity(members, severities)]
        yield from _sparse(table, messages)
    yield from _twice(messages)
    behind: Counter[str] = Counter()
    for place, members in found:
        if len(members) >= SEVERAL and (word := _before(messages[members[0]], place)).isalpha():
            behind[word] += len(members)
    values: set[str] = set()
    undecided = []
    for place, members in found:
        here = {messages[m][place] for m in members}
        if SLOT in here:
            yield [m for m in members if _LETTER_ID.fullmatch(messages[m][place])]
        if are_outcomes(here, messages[members[0]], place):
            continue
        if place == 0:
            if len(here) >= SPEAKERS and constant(messages[members[0]], 0) > 1:
                yield members
            continue
        together = max(len(members), behind[_before(messages[members[0]], place)])
        if len(members) >= SEVERAL and together >= ENUMERATION:
            values |= here - {SLOT}
            yield members
        else:
            undecided.append((here, members))
    yield from (members for here, members in undecided if 2 * len(here & values) >= len(here))


def _by_severity(
    members: list[int], severities: Sequence[frozenset[int]] | None
) -> list[list[int]]:
    """Splits messages by their highest severity if two of them have none in common."""
    if severities is None:
        return [members]
    sets = {severities[m] for m in members}
    if len(sets) < 2 or not any(a.isdisjoint(b) for a, b in combinations(sets, 2)):
        return [members]
    parts: dict[int, list[int]] = defaultdict(list)
    for member in members:
        parts[max(severities[member])].append(member)
    return [part for part in parts.values() if len(part) > 1]


def _twice(messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Yields messages that differ in one word which each of them has in the same several places."""
    patterns: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, message in enumerate(messages):
        if len(set(message)) == len(message):
            continue
        for word, n in Counter(message[:PLACES]).items():
            if 2 <= n <= SEVERAL and word != message[0] and _varies(message, word):
                pattern = ("\0" if part == word else part for part in message)
                patterns[tuple(pattern)].append(i)
    yield from (members for members in patterns.values() if len(members) >= ENUMERATION)


def _varies(message: Parts, word: str) -> bool:
    """True if a word may be a value wherever it stands in the message."""
    if word == SLOT or not is_word(word) or is_outcome(word):
        return False
    return not any(part == word and is_cause(message, i) for i, part in enumerate(message))


def _before(parts: Parts, place: int) -> str:
    """Returns the word before a place in lower case, skipping at most one sign."""
    j = place - 1
    if j > 0 and parts[j] in _BEFORE_VALUE:
        j -= 1
    return parts[j].lower()


def _sparse(table: _Table, messages: Sequence[Parts]) -> Iterator[list[int]]:
    """Yields messages that are equal except for words that are rare in their place.

    This finds two names in one message, where each pair occurs once. Many messages must share the
    rest, and the rest must be at least half of the words.
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
        message = messages[table.rows[row]]
        pattern = list(message)
        for place in np.flatnonzero(rare[row]).tolist():
            if not is_outcome(message[place]) and not is_cause(message, place):
                pattern[place] = SLOT
        patterns[tuple(pattern)].append(table.rows[row])
    yield from (members for members in patterns.values() if len(members) >= SPARSE)


class _Words:
    """All distinct words of the messages as numbers, with a flag for those that are not signs."""

    def __init__(self, messages: Sequence[Parts]) -> None:
        self._number = {word: i for i, word in enumerate(dict.fromkeys(chain(*messages)))}
        self.word: _Flags = np.array([is_word(word) for word in self._number], np.bool_)

    def tables(self, messages: Sequence[Parts]) -> Iterator[_Table]:
        """Yields one table for each message length."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, message in enumerate(messages):
            by_length[len(message)].append(i)
        for rows in by_length.values():
            ids = [[self._number[word] for word in messages[i]] for i in rows]
            yield _Table(self, rows, np.array(ids, np.uint64))


class _Table:
    """Messages of one length: one row per message, one column per place."""

    def __init__(self, words: _Words, rows: list[int], ids: _Numbers) -> None:
        self.words = words
        self.rows = rows
        self.places = min(PLACES, ids.shape[1])
        self.ids = ids[:, : self.places]
        self._factors = _mix(np.arange(ids.shape[1], dtype=np.uint64)) | np.uint64(1)
        self._sum: _Numbers = (_mix(ids) * self._factors).sum(axis=1, dtype=np.uint64)

    def alike(self, place: int, messages: Sequence[Parts]) -> list[list[int]]:
        """Returns the sets of two or more messages that differ only in the word at `place`."""
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
