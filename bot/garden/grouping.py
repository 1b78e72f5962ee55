"""Which masked messages are the same message, seen beside all the others.

A mask knows a value by its form. This module knows it by its company: it looks at the distinct
masked messages together and finds the places where a value stood though it looks like a word.
Three kinds of evidence, and nothing else, make a place variable:

1. *Form.* What stands there is written like the name of a thing: `a.b`, `a_b`, `aB`, `STATE`, or
   a slot is part of it. Never the first word, which says who speaks, and nothing in quotes.
2. *Announcement.* The word before is followed by values in most of its contexts (`from <*>`):
   then the plain word behind it is a value as well.
3. *Enumeration.* In otherwise equal messages many different words stand in this place; or one of
   them is a slot.

Each joins messages that are equal in every other place, and no evidence depends on how often a
message occurred. So words that never repeat cost as much as any others, and join nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import takewhile
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
"""Only the first so many words of a message are asked whether they vary (not: compared)."""

Parts = Sequence[str]
"""A message's words and signs."""

Key = tuple[str, ...]
"""The same, with every value that was found as a slot."""

_TOKEN = re.compile(r"(?:<\*>|[^\s,;:=|(){}\[\]\"'<>])+|\S")
_NAME = re.compile(r"<\*>|\w[._/\\@$~#]\w|[a-z][A-Z]|[A-Z]{2}[A-Z]*\Z")
_WORD = re.compile(r"\w|<\*>")
_SPREAD = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: neighbours land far apart
_QUOTES = frozenset("'\"")
_BEFORE_VALUE = frozenset("=:[(#'\"")
_BETWEEN_VALUES = frozenset(",:|;")
_TAIL_SIGNS = frozenset(":-")


def tokens(message: str) -> list[str]:
    """The words and the signs of a masked message; a slot belongs to the word around it."""
    return _TOKEN.findall(message)


def group(masked: Mapping[str, int]) -> dict[str, str]:
    """Each masked message -> the template of its group, `<*>` for what varies within it.

    A pure function of the messages, whatever their order and counts. Takes time and memory linear
    in their words. Groups have distinct templates, except where two differ in spaces only.
    """
    split = {message: tokens(message) for message in sorted(masked)}
    announcing = _announcing(list(split.values()))
    by_key: dict[Key, list[str]] = defaultdict(list)
    for message, parts in split.items():
        by_key[_key(parts, announcing)].append(message)
    sets = _Sets(by_key)
    _enumerate(list(by_key), sets)
    groups: dict[Key, list[str]] = defaultdict(list)
    for key, messages in by_key.items():
        groups[sets.root(key)].extend(messages)
    result: dict[str, str] = {}
    for messages in groups.values():
        messages.sort()
        template = _template([split[message] for message in messages], messages[0])
        result.update(dict.fromkeys(messages, template))
    return result


def joins(known_template: str, masked: str) -> bool:
    """Whether a new masked message is a variant of a known cluster's.

    It is where it differs in variable places only, or in the tail behind the last colon or dash
    while the head in common says enough: at least four words and as many as the tails. A message
    without a tail is no variant of one with.
    """
    known, new = (_key(tokens(message), frozenset()) for message in (known_template, masked))
    if len(known) == len(new) and all(
        a in (b, SLOT) and bool(_WORD.search(b)) == bool(_WORD.search(a))
        for a, b in zip(known, new, strict=True)
    ):
        return True
    head = _common((known, new))
    while head and known[head - 1] not in _TAIL_SIGNS:
        head -= 1
    tails = [_words(key[head:]) for key in (known, new)]
    return all(tails) and _words(known[:head]) >= max(4, *tails)


def _words(key: Sequence[str]) -> int:
    return sum(1 for part in key if _WORD.search(part))


def _key(parts: Parts, announcing: frozenset[str]) -> Key:
    """The message without what looks like a name or stands where a value is announced.

    A row of values is one value, however long it is.
    """
    key: list[str] = []
    for i, part in enumerate(parts):
        varies = _may_vary(parts, i) and (_NAME.search(part) or _announcer(parts, i) in announcing)
        key.append(SLOT if varies else part)
        while len(key) >= 2 and key[-1] == SLOT:
            if key[-2] == SLOT:
                key.pop()
            elif len(key) >= 3 and key[-3] == SLOT and key[-2] in _BETWEEN_VALUES:
                del key[-2:]
            else:
                break
    return tuple(key)


def _may_vary(parts: Parts, i: int) -> bool:
    """Whether form or announcement may make a value of place i."""
    if not _WORD.search(parts[i]):
        return False
    if i == 0:
        return len(parts) > 1 and parts[0].count(".") >= 2 and bool(_WORD.search(parts[1]))
    return parts[i - 1] not in _QUOTES and parts[i + 1 : i + 2] != ["="]


def _announcer(parts: Parts, i: int) -> str:
    """The word before place i, at most one sign between, in lower case."""
    j = i - 1
    if j > 0 and parts[j] in _BEFORE_VALUE:
        j -= 1
    return parts[j].lower() if j >= 0 and SLOT not in parts[j] else ""


def _announcing(split: Sequence[Parts]) -> frozenset[str]:
    """The words behind which a value stands more often than not.

    What counts are contexts, that is messages without the word in question, not messages: a
    thousand users who opened a session are one context of `user`.
    """
    valued: dict[str, set[int]] = defaultdict(set)
    plain: dict[str, set[int]] = defaultdict(set)
    for same, contexts in _contexts(split):
        for parts, hashes in zip(same, contexts.tolist(), strict=True):
            for i in range(1, len(hashes)):
                if _WORD.search(parts[i]) and (word := _announcer(parts, i)).isalpha():
                    (valued if SLOT in parts[i] else plain)[word].add(hashes[i])
    return frozenset(
        word
        for word, seen in valued.items()
        if len(seen) > ANNOUNCED * (len(seen) + len(plain[word]))
    )


def _enumerate(keys: Sequence[Parts], sets: _Sets) -> None:
    """Join what differs in one place only, if so many words stand there that they are values."""
    behind: dict[str, list[tuple[bool, list[Parts]]]] = defaultdict(list)
    for same, contexts in _contexts(keys):
        for place in range(1, contexts.shape[1]):
            for members in _alike(same, contexts[:, place], place):
                slot = any(SLOT in key[place] for key in members)
                behind[_announcer(members[0], place)].append((slot, members))
    half = ENUMERATION // 2
    for found in behind.values():
        pooled = sum(len(members) for _, members in found if len(members) >= half)
        for slot, members in found:
            if slot or (pooled >= ENUMERATION and len(members) >= half):
                sets.join(members)


def _alike(
    same: Sequence[Parts], contexts: npt.NDArray[np.uint64], place: int
) -> list[list[Parts]]:
    """The sets of two or more keys that are equal but for a word at this place."""
    _, inverse, counts = np.unique(contexts, return_inverse=True, return_counts=True)
    several: dict[int, list[Parts]] = defaultdict(list)
    for row in np.flatnonzero(counts[inverse] > 1).tolist():
        key = same[row]
        if _WORD.search(key[place]):
            several[int(inverse[row])].append(key)
    return [members for members in several.values() if len(members) > 1]


def _contexts(
    split: Iterable[Sequence[str]],
) -> Iterator[tuple[list[Parts], npt.NDArray[np.uint64]]]:
    """Messages of one length, and for each of their places a hash of all the rest.

    The hash of a message is the sum of its words' hashes, each times an odd number that stands
    for the place, modulo 2**64: without one word it is a subtraction away. It is Python's own
    hash nowhere, so that every process finds the same.
    """
    hashes: dict[str, int] = {}
    by_length: dict[int, list[Parts]] = defaultdict(list)
    for parts in split:
        by_length[len(parts)].append(parts)
    for length, same in sorted(by_length.items()):
        rows = np.empty((len(same), min(length, PLACES)), np.uint64)
        rest = np.zeros((len(same), 1), np.uint64)
        odd = np.arange(length, dtype=np.uint64) * np.uint64(_SPREAD) | np.uint64(1)
        for row, parts in enumerate(same):
            values = np.array([_hash(part, hashes) for part in parts], np.uint64) * odd
            rows[row] = values[:PLACES]
            rest[row] = values[PLACES:].sum(dtype=np.uint64)
        yield same, rows.sum(axis=1, keepdims=True, dtype=np.uint64) + rest - rows


def _hash(word: str, known: dict[str, int]) -> int:
    value = known.get(word)
    if value is None:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        value = known[word] = int.from_bytes(digest)
    return value


def _template(members: Sequence[Parts], like: str) -> str:
    """What the members have in common, spaced like one of them."""
    first = members[0]
    if len({len(member) for member in members}) == 1:
        head, tail = len(first), 0
        common = [len(set(column)) == 1 for column in zip(*members, strict=True)]
    else:
        head = _common(members)
        tail = _common([member[head:][::-1] for member in members])
        common = [True] * len(first)
    pieces, at = [], 0
    for i, found in enumerate(_TOKEN.finditer(like)):
        if not head <= i < len(common) - tail:
            pieces += [like[at : found.start()], found[0] if common[i] else SLOT]
        elif i == head:
            pieces += [like[at : found.start()], SLOT]
        at = found.end()
    return "".join(pieces)


def _common(members: Sequence[Parts]) -> int:
    """How many words all members begin with."""
    columns = zip(*members, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


class _Sets:
    """Disjoint sets of keys; a set is named by its smallest member."""

    def __init__(self, members: Iterable[Key]) -> None:
        self._parent = {member: member for member in members}

    def root(self, member: Key) -> Key:
        """The name of the set that holds the member."""
        while (parent := self._parent[member]) != member:
            self._parent[member] = member = self._parent[parent]
        return member

    def join(self, members: Sequence[Parts]) -> None:
        """Make one set of all sets that hold one of the members."""
        roots = {self.root(member) for member in members}
        first = min(roots)
        for root in roots:
            self._parent[root] = first
