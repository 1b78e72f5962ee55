"""Hashes that an acknowledgement keeps of a cluster: its wordings and the users it names.

The values behind a mask (`named`) leave this module only as keyed hashes with their times: enough
to recognise a value that comes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.core.clusters.clusters import Draft
from bot.core.clusters.identity import registered
from bot.core.clusters.people import people
from bot.core.model.values import Values
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.subjects import shown_and_hash
from bot.core.text import display
from bot.core.text.mask import MASK_VERSION

VARIANTS = 16
"""A cluster with more wordings than this varies every time, so a new wording means nothing."""
PLACES = 4
SEEN = 128
"""The number of times kept per subject."""
_PREFIX = 4


def hashed(secret: bytes, text: str) -> str:
    """Computes a keyed hash.

    Its first characters identify the key and the mask version; hashes with other ones cannot be
    compared (`comparable`).
    """
    key = hashlib.blake2b(secret, digest_size=32).digest()
    name = hashlib.blake2b(str(MASK_VERSION).encode(), key=key, digest_size=4).hexdigest()
    data = text.encode("utf-8", "surrogatepass")
    return name[:_PREFIX] + hashlib.blake2b(data, key=key, digest_size=8).hexdigest()


def comparable(one: str, other: str) -> bool:
    """True if two hashes share the key and the mask version."""
    return one[:_PREFIX] == other[:_PREFIX]


def wordings(draft: Draft, secret: bytes) -> tuple[tuple[str, str], ...]:
    """Returns (hash, masked message) for each wording, at most one more than `VARIANTS`."""
    found = sorted((hashed(secret, registered(key)), key.masked) for key in draft.keys)
    return tuple((h, display.cut(display.one_line(text), 200)) for h, text in found[: VARIANTS + 1])


def subjects(draft: Draft, rollup: Rollup, secret: bytes) -> tuple[Values, ...]:
    """Returns the users, accounts and mails in a cluster's messages by subject.

    Keeps the latest `LATEST` times of each value and `SEEN` per subject in total, so that whoever
    repeats is kept, whatever else occurs.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for (subject, value), times in people(draft, rollup).items():
        known = shown_and_hash(value)[1]
        found.setdefault(subject, {})[known or hashed(secret, value)] = times
    return tuple(Values(name, _most(found[name])) for name in sorted(found)[:PLACES])


def _most(held: Mapping[str, list[int]]) -> tuple[tuple[str, int], ...]:
    by_count = sorted(held.items(), key=lambda i: (-len(i[1]), i[0]))
    pairs = [(value, time) for value, times in by_count for time in times]
    return tuple(sorted(pairs[:SEEN]))
