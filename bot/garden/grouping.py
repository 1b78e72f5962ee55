"""Which masked messages are the same message, seen beside all the others.

A mask knows a value by its form. This module knows it by its company: it looks at the distinct
masked messages together and finds the places where a value stood though it looks like a word.
Three kinds of evidence, and nothing else, make a place variable:

1. *Form.* What stands there is written like the name of a thing: `a.b`, `a_b`, `aB`, `STATE`, or
   a slot is part of it. Never the first word, which says who speaks, and nothing in quotes.
2. *Announcement.* The word before is followed by values in most of its contexts (`from <*>`):
   then the plain word behind it is a value as well.
3. *Enumeration.* In otherwise equal messages many different words stand there.

Each joins messages that are equal in every other place, and no evidence depends on how often a
message occurred. So words that never repeat cost as much as any others, and join nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile

from bot.garden.evidence import Parts, announcer, announcing, enumerations, is_word
from bot.garden.mask import SLOT

_TOKEN = re.compile(r"(?:<\*>|[^\s,;:=|(){}\[\]\"'<>])+|\S")
_NAME = re.compile(r"<\*>|\w[._/\\@$~#]\w|[a-z][A-Z]|[A-Z]{2}[A-Z]*\Z")
_QUOTES = frozenset("'\"")
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
    announced = announcing(list(split.values()))
    by_key: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for message, parts in split.items():
        by_key[_key(parts, announced)].append(message)
    keys = list(by_key)
    sets = _Sets(len(keys))
    for members in enumerations(keys):
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
    while the head in common says enough: at least four words and as many as the tails. A message
    without a tail is no variant of one with.
    """
    known, new = (_key(tokens(message), frozenset()) for message in (known_template, masked))
    if len(known) == len(new) and all(
        a == b or (a == SLOT and is_word(b)) for a, b in zip(known, new, strict=True)
    ):
        return True
    head = _common([known, new])
    while head and known[head - 1] not in _TAIL_SIGNS:
        head -= 1
    tails = [_words(key[head:]) for key in (known, new)]
    return all(tails) and _words(known[:head]) >= max(4, *tails)


def _words(key: Parts) -> int:
    return sum(map(is_word, key))


def _key(parts: Parts, announced: frozenset[str]) -> tuple[str, ...]:
    """The message without what looks like a name or stands where a value is announced.

    A row of values is one value, however long it is.
    """
    key: list[str] = []
    for i, part in enumerate(parts):
        varies = _may_vary(parts, i) and (_NAME.search(part) or announcer(parts, i) in announced)
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
    if not is_word(parts[i]):
        return False
    if i == 0:
        return len(parts) > 1 and parts[0].count(".") >= 2 and is_word(parts[1])
    return parts[i - 1] not in _QUOTES and parts[i + 1 : i + 2] != ["="]


def _template(members: Sequence[Parts], like: str) -> str:
    """What the members have in common, spaced like one of them, which is the first."""
    if len(members) == 1:
        return like
    first = members[0]
    head, tail = len(first), 0
    common = [True] * len(first)
    if len({len(member) for member in members}) == 1:
        common = [len(set(column)) == 1 for column in zip(*members, strict=True)]
    else:
        head = _common(members)
        tail = _common([member[head:][::-1] for member in members])
    pieces, at = [], 0
    for i, found in enumerate(_TOKEN.finditer(like)):
        if not head <= i < len(first) - tail:
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
