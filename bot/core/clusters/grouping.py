"""Which masked messages are the same message, seen beside all the others.

A mask knows a value by its form. This module knows it by its company: it looks at the distinct
masked messages together and finds the places where a value stood though it looks like a word:
because what stands there has a dot inside or a slot, as the names of things have (never the first
word, which says who speaks, and nothing in quotes), or by the evidence of `evidence.variants`.

All of it joins messages only that are equal in every other place, and nothing depends on how
often a message occurred. So words that never repeat cost as much as any others, and join nothing.
What each step buys: docs/decisions/0003-grouping.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

from bot.core.clusters.variable_words import Parts, is_word, variants
from bot.core.text.mask import SLOT

_TOKEN = re.compile(r"(?:<\*>|[^\s,;:=|(){}\[\]\"'<>])+|\S")
# The class of an error is no name of a thing: it says which problem this is.
_NAME = re.compile(r"<\*>|\w\.\w(?!.*(?:Error|Exception)\b)")
_QUOTES = frozenset("'\"")
_TAIL_SIGNS = frozenset(":-")


def tokens(message: str) -> list[str]:
    """The words and the signs of a masked message; a slot belongs to the word around it."""
    # None goes beyond a blank, and words come again.
    found: list[str] = []
    for word in message.split():
        found += _of_word(word) if len(word) <= _SHORT else _TOKEN.findall(word)
    return found


_SHORT = 64
"""Characters of a word that is worth remembering."""


@lru_cache(maxsize=32_768)
def _of_word(word: str) -> list[str]:
    return _TOKEN.findall(word)


def group(masked: Mapping[str, int]) -> dict[str, str]:
    """Each masked message -> the template of its group, `<*>` for what varies within it.

    A pure function of the messages, whatever their order and counts. Takes time and memory linear
    in their words. Groups have distinct templates, except where two differ in spaces only.
    """
    split = {message: tokens(message) for message in sorted(masked)}
    by_key: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for message, parts in split.items():
        by_key[_key(parts)].append(message)
    keys = list(by_key)
    sets = _Sets(len(keys))
    for members in variants(keys):
        sets.join(members)
    groups: dict[int, list[str]] = defaultdict(list)
    for i, messages in enumerate(by_key.values()):
        groups[sets.root(i)].extend(messages)
    result: dict[str, str] = {}
    for messages in groups.values():
        messages.sort()
        template = _template([split[message] for message in messages], messages[0])
        result.update(dict.fromkeys(messages, template))
    return result


def joins(known_template: str, masked: str) -> bool:
    """Whether a new masked message is a variant of a known cluster's.

    It is where it differs in variable places only, or in the tail behind the last colon or dash
    while the head in common says enough: at least four words, and as many as the tails or eight.
    A message without a tail is no variant of one with.
    """
    known, new = (_key(tokens(message)) for message in (known_template, masked))
    if len(known) == len(new) and all(
        a == b or (a == SLOT and is_word(b)) for a, b in zip(known, new, strict=True)
    ):
        return True
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(known, new, strict=False)))
    while head and known[head - 1] not in _TAIL_SIGNS:
        head -= 1
    tails = [_words(key[head:]) for key in (known, new)]
    return all(tails) and _words(known[:head]) >= min(8, max(4, *tails))


def rewords(known_template: str, masked: str) -> bool:
    """Whether it is a variant of a known traceback's whose innermost own function is the same.

    There a head of any length says enough, since the place does: it differs behind the last colon.
    """
    known, new = known_template.rpartition(": "), masked.rpartition(": ")
    return bool(known[0]) and known[0] == new[0]


def _words(key: Parts) -> int:
    return sum(map(is_word, key))


def _key(parts: Parts) -> tuple[str, ...]:
    """The message without what looks like the name of a thing."""
    return tuple(
        SLOT if _is_name(part) and _may_vary(parts, i) else part for i, part in enumerate(parts)
    )


def _is_name(part: str) -> bool:
    return _short_name(part) if len(part) <= _SHORT else _NAME.search(part) is not None


@lru_cache(maxsize=32_768)
def _short_name(part: str) -> bool:
    return _NAME.search(part) is not None


def _may_vary(parts: Parts, i: int) -> bool:
    """Whether its form may make a value of place i."""
    if i == 0:
        return len(parts) > 1 and parts[0].count(".") >= 2 and is_word(parts[1])
    return parts[i - 1] not in _QUOTES and parts[i + 1 : i + 2] != ["="]


def _template(members: Sequence[Parts], like: str) -> str:
    """What the members, all of one length, have in common, spaced like the first of them."""
    if len(members) == 1:
        return like
    pieces, at = [], 0
    columns = zip(*members, strict=True)
    for found, column in zip(_TOKEN.finditer(like), columns, strict=True):
        pieces += [like[at : found.start()], found[0] if len(set(column)) == 1 else SLOT]
        at = found.end()
    return "".join(pieces)


class _Sets:
    """Disjoint sets of numbers; a set is named by its smallest member."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, member: int) -> int:
        """The name of the set that holds the member."""
        while (parent := self._parent[member]) != member:
            self._parent[member] = member = self._parent[parent]
        return member

    def join(self, members: Sequence[int]) -> None:
        """Make one set of all sets that hold one of the members."""
        roots = {self.root(member) for member in members}
        first = min(roots)
        for root in roots:
            self._parent[root] = first
