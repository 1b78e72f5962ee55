"""What an agreement watches in a cluster: its wordings, and who stands in them. Hashes only.

The values behind a mask (`named`) leave this module as keyed hashes with their times: enough to
say that one of them is there again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from bot.garden import words
from bot.garden.clusters import Draft
from bot.garden.entry import Key
from bot.garden.identify import registered
from bot.garden.mask import MASK_VERSION, SLOT
from bot.garden.model import Severity, Values
from bot.garden.named import LATEST, finder_of, named
from bot.garden.redact import redact
from bot.garden.rollup import Rollup
from bot.garden.slots import values
from bot.garden.tally import Single

VARIANTS = 16
"""Wordings; what has more is different every time, and a new one says nothing."""
PLACES = 4
SEEN = 128
"""Times of one subject."""
_PREFIX = 4


def hashed(secret: bytes, text: str) -> str:
    """A keyed hash. Its first characters name key and version of the masks: what was written
    under others cannot be compared (`comparable`)."""
    key = hashlib.blake2b(secret, digest_size=32).digest()
    name = hashlib.blake2b(str(MASK_VERSION).encode(), key=key, digest_size=4).hexdigest()
    data = text.encode("utf-8", "surrogatepass")
    return name[:_PREFIX] + hashlib.blake2b(data, key=key, digest_size=8).hexdigest()


def comparable(one: str, other: str) -> bool:
    """Whether two hashes were made with the same key, from messages masked alike."""
    return one[:_PREFIX] == other[:_PREFIX]


def wordings(draft: Draft, secret: bytes) -> tuple[tuple[str, str], ...]:
    """(hash, masked message) of each, at most one more than `VARIANTS`."""
    found = sorted((hashed(secret, registered(key)), key.masked) for key in draft.keys)
    return tuple((h, words.cut(words.one_line(text), 200)) for h, text in found[: VARIANTS + 1])


def subjects(draft: Draft, rollup: Rollup, secret: bytes) -> tuple[Values, ...]:
    """Users, accounts and mails in its messages, by what they are called: the frequent ones first.

    Of each the latest `LATEST` times, in total `SEEN` of one subject: whoever came again and again
    is among them, whatever else came.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for (subject, value), times in people(draft, rollup).items():
        found.setdefault(subject, {})[hashed(secret, value)] = times
    return tuple(Values(name, _most(found[name])) for name in sorted(found)[:PLACES])


def _most(held: Mapping[str, list[int]]) -> tuple[tuple[str, int], ...]:
    by_count = sorted(held.items(), key=lambda i: (-len(i[1]), i[0]))
    pairs = [(value, time) for value, times in by_count for time in times]
    return tuple(sorted(pairs[:SEEN]))


def people(draft: Draft, rollup: Rollup) -> Mapping[tuple[str, str], list[int]]:
    """(subject, value) → the latest times of its messages, in order."""
    found: dict[tuple[str, str], list[int]] = {}
    if finder_of(draft.template) is None:
        return found
    for key in draft.keys:
        for who, times in rollup.named.of(key.masked).items():
            found.setdefault(who, []).extend(times)
        # Where no mask but comparing messages told what varies, each is a message of its own.
        for who in named(values(draft.template, key.masked)):
            if SLOT not in who[1]:
                found.setdefault(who, []).extend(_times(rollup, key))
    return {who: sorted(times)[-LATEST:] for who, times in found.items()}


def same_subject(seen: Mapping[tuple[str, str], Sequence[int]], least: int = 3) -> str | None:
    """A user, account or mail that came at least `least` times, redacted; None if none did.

    Rather one of which redaction leaves something to recognise.
    """
    often = sorted((-len(times), value) for (_, value), times in seen.items())
    told = ((count, redact(value)) for count, value in often[:9])
    shown = [(text.startswith("***"), count, text) for count, text in told]
    return min((each for each in shown if -each[1] >= least), default=(0, 0, None))[2]


def _times(rollup: Rollup, key: Key) -> Iterator[int]:
    """Of a whole message: what is known of them, one for each entry at most."""
    for severity in Severity:
        counted = rollup.counted.get((key, int(severity)))
        if isinstance(counted, Single):
            yield counted.time or 0
        elif counted is not None:
            moments = sorted(at for times in counted.moments.values() for at in times)
            yield from moments[: counted.count]
