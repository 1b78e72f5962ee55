"""Groups masked messages by comparing them with all the others in the window.

A mask recognises a value by its form. This module recognises it by comparison: it looks at all
distinct masked messages together and finds the places where a word is really a value. Either the
word contains a dot or a slot, as names do (never the first word, which names the speaker, and never
within quotes), or `variable_words.variants` has the evidence.

It joins only messages that are equal in every other place, and nothing depends on how often a
message occurred. Words that never repeat cost no more than others, and join nothing. What each step
gains: docs/decisions/0003-grouping.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

from bot.core.clusters.outcomes import Parts, is_cause, is_outcome
from bot.core.clusters.variable_words import is_word, variants
from bot.core.text.mask import SLOT

_LEADER = r"(?<!\.)\.{3,}+(?=<\*>)"  # `parity......<*>`: the word is not part of the value
_TOKEN = re.compile(rf"{_LEADER}|(?:<\*>|(?!{_LEADER})[^\s,;:=|(){{}}\[\]\"'<>])+|\S")
# An error's class or a constant is not a name to mask: it says what happened.
_DOTTED = re.compile(r"\w\.\w(?!.*(?:Error|Exception)\b)")
_REVERSE_DOMAIN = re.compile(r"(?:com|org|net|io|edu|gov|de|uk)\.")
_STYLES = {'"': "'", "...": "..."}
"""Signs that mean the same whatever their style: by their beginning, what stands for them."""
_QUOTES = frozenset("'\"")
_TAIL_SIGNS = frozenset(":-")


def tokens(message: str) -> list[str]:
    """Splits a masked message into words and signs; a slot stays part of the word around it."""
    # No token spans a blank and words repeat, so tokens are cached per word.
    found: list[str] = []
    for word in message.split():
        found += _of_word(word) if len(word) <= _SHORT else _TOKEN.findall(word)
    return found


_SHORT = 64
"""Words up to this many characters are cached."""


@lru_cache(maxsize=32_768)
def _of_word(word: str) -> list[str]:
    return _TOKEN.findall(word)


def group(
    masked: Mapping[str, int], severities: Mapping[str, frozenset[int]] | None = None
) -> dict[str, str]:
    """Maps each masked message to the template of its group, with `<*>` where the group varies.

    `severities` of each message, if known: words that come with different ones are less likely
    values. A pure function of the messages, independent of their order and counts. Time and memory
    are linear in the number of words. Groups have distinct templates, except where two differ in
    spaces only.
    """
    split = {message: tokens(message) for message in sorted(masked)}
    by_key: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for message, parts in split.items():
        by_key[_key(parts)].append(message)
    keys = list(by_key)
    sets = _Sets(len(keys))
    of_keys = severities and [
        frozenset[int]().union(*(severities[message] for message in messages))
        for messages in by_key.values()
    ]
    for members in variants(keys, of_keys or None):
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
    """True if a new masked message is a variant of a known cluster.

    It is if they differ only in variable places, or only in the tail after the last colon or dash
    and the shared head is long enough: at least four words, and as many as the longer tail (eight
    suffice). A message without a tail is never a variant of one with a tail.
    """
    known, new = (_key(tokens(message)) for message in (known_template, masked))
    if len(known) == len(new) and all(
        a == b or (a == SLOT and is_word(b)) for a, b in zip(known, new, strict=True)
    ):
        return True
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(known, new, strict=False)))
    if _differ_in_outcome(known, new, head):
        return False
    while head and known[head - 1] not in _TAIL_SIGNS:
        head -= 1
    tails = [_words(key[head:]) for key in (known, new)]
    return all(tails) and _words(known[:head]) >= min(8, max(4, *tails))


def _differ_in_outcome(known: Parts, new: Parts, place: int) -> bool:
    """True if the words at the first difference say what happened; names may differ."""
    if place >= min(len(known), len(new)):
        return False
    return is_outcome(known[place]) or is_outcome(new[place]) or is_cause(known, place)


def rewords(known_template: str, masked: str) -> bool:
    """True if a message is a variant of a known traceback with the same innermost own function.

    The same place makes a head of any length sufficient: they may differ after the last colon.
    """
    known, new = known_template.rpartition(": "), masked.rpartition(": ")
    return bool(known[0]) and known[0] == new[0]


def _words(key: Parts) -> int:
    return sum(map(is_word, key))


def _key(parts: Parts) -> tuple[str, ...]:
    """Returns the message's parts with name-like words replaced by slots, signs in one style."""
    return tuple(
        SLOT if _is_name(part) and _may_vary(parts, i) else _STYLES.get(part[:3], part)
        for i, part in enumerate(parts)
    )


def _is_name(part: str) -> bool:
    return _short_name(part) if len(part) <= _SHORT else _form_of_name(part)


@lru_cache(maxsize=32_768)
def _short_name(part: str) -> bool:
    return _form_of_name(part)


def _form_of_name(part: str) -> bool:
    return SLOT in part or (_DOTTED.search(part) is not None and not is_outcome(part))


def _may_vary(parts: Parts, i: int) -> bool:
    """True if the word at position i may be a value by its form alone."""
    if i == 0:
        return (
            len(parts) > 1
            and parts[0].count(".") >= 2
            and (is_word(parts[1]) or _REVERSE_DOMAIN.match(parts[0]) is not None)
        )
    return parts[i - 1] not in _QUOTES and parts[i + 1 : i + 2] != ["="]


def _template(members: Sequence[Parts], like: str) -> str:
    """Returns what members of equal length share, with the spacing of `like`."""
    if len(members) == 1:
        return like
    pieces, at = [], 0
    columns = zip(*members, strict=True)
    for found, column in zip(_TOKEN.finditer(like), columns, strict=True):
        same = len({_STYLES.get(part[:3], part) for part in column}) == 1
        pieces += [like[at : found.start()], found[0] if same else SLOT]
        at = found.end()
    return "".join(pieces)


class _Sets:
    """Disjoint sets of numbers (union-find); the smallest member represents a set."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, member: int) -> int:
        """Returns the representative of the member's set."""
        while (parent := self._parent[member]) != member:
            self._parent[member] = member = self._parent[parent]
        return member

    def join(self, members: Sequence[int]) -> None:
        """Unites all sets that contain one of the members."""
        roots = {self.root(member) for member in members}
        first = min(roots)
        for root in roots:
            self._parent[root] = first
