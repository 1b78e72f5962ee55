"""Which masked messages are the same message, seen beside all the others.

A mask knows a value by its form. This module knows it by its company: it looks at the distinct
masked messages together and finds the places where a value stood though it looks like a word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from bot.garden.mask import SLOT

ENUMERATION: Final = 6
"""So many different plain words in one place, all else equal, are values and no longer wordings."""

ANNOUNCED: Final = 0.5
"""A word behind which at least this share of messages has a value announces one."""

_TOKEN = re.compile(r"(?:<\*>|[^\s,;:=|(){}\[\]\"'<>])+|\S")
_PLAIN = re.compile(r"[A-Z]?[^\W\d_A-Z]*+(?:[-'][^\W\d_A-Z]++)*[.!?*]*\Z")
_WORD = re.compile(r"\w")


def tokens(message: str) -> list[str]:
    """The words and the punctuation of a masked message; a slot belongs to the word around it."""
    return _TOKEN.findall(message)


def group(masked: Mapping[str, int]) -> dict[str, str]:
    """Each masked message -> the template of its group.

    A pure function of the mapping, whatever its order.
    """
    split = {message: tokens(message) for message in sorted(masked)}
    announcing = _announcing(split.values())
    sets = _Sets(split)
    by_key: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for message, parts in split.items():
        by_key[_key(parts, announcing)].append(message)
    for members in by_key.values():
        sets.join(members)
    return {message: sets.root(message) for message in masked}


def _key(parts: Sequence[str], announcing: frozenset[str]) -> tuple[str, ...]:
    """The message without what looks like a value or stands where one is announced."""
    key = list(parts)
    for i in range(1, len(parts)):
        if not _WORD.search(parts[i]) or _quoted(parts, i):
            continue
        if _value_like(parts[i]) or _before(parts, i) in announcing:
            key[i] = SLOT
    return tuple(key)


def _value_like(word: str) -> bool:
    return SLOT in word or word.strip(".").count(".") >= 2


def _quoted(parts: Sequence[str], i: int) -> bool:
    return parts[i - 1] in "'\""


def _before(parts: Sequence[str], i: int) -> str:
    """The word before place i, whatever punctuation is between."""
    j = i - 1
    while j > 0 and not _WORD.search(parts[j]):
        j -= 1
    return parts[j].lower()


def _announcing(split: Iterable[Sequence[str]]) -> frozenset[str]:
    """The words behind which a value stands more often than not."""
    valued: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    plain: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for parts in split:
        for i in range(1, len(parts)):
            word = parts[i]
            if word != SLOT and not _WORD.search(word):
                continue
            context = (*parts[:i], *parts[i + 1 :])
            into = valued if SLOT in word else plain
            into[_before(parts, i)].add(context)
    return frozenset(
        word
        for word, seen in valued.items()
        if len(seen) >= ANNOUNCED * (len(seen) + len(plain[word]))
    )


class _Sets:
    """Disjoint sets of messages; a set is named by its smallest member."""

    def __init__(self, members: Iterable[str]) -> None:
        self._parent = {member: member for member in members}

    def root(self, member: str) -> str:
        while (parent := self._parent[member]) != member:
            self._parent[member] = member = self._parent[parent]
        return member

    def join(self, members: Sequence[str]) -> None:
        roots = {self.root(member) for member in members}
        first = min(roots)
        for root in roots:
            self._parent[root] = first


def joins(known_template: str, masked: str) -> bool:
    """Whether a new masked message is a variant of a known cluster's."""
    return known_template == masked
