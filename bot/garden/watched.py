"""What an agreement watches in a cluster: its wordings, and who stands in them. Hashes only.

The values behind a mask are read from the representatives, at most 32 of a cluster, and leave
this module as keyed hashes with their times: enough to say that one of them is there again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from bot.garden import entry as entries
from bot.garden import rfc3339, words
from bot.garden.clusters import Draft
from bot.garden.identify import registered
from bot.garden.mask import MASK_VERSION
from bot.garden.model import JSON, Values
from bot.garden.redact import redact
from bot.garden.slots import is_subject, values

VARIANTS = 16
"""Wordings; what has more is different every time, and a new one says nothing."""
PLACES = 4
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


def subjects(draft: Draft, secret: bytes) -> tuple[Values, ...]:
    """Users, accounts and mails in the representatives, by the words that they stand behind."""
    found: dict[str, list[tuple[str, int]]] = {}
    for raw in draft.samples:
        time = rfc3339.parse(str(raw.get("timestamp") or raw.get("receiveTimestamp") or "")) or 0
        for before, value in _values(draft, raw):
            if value and is_subject(before) and not value.startswith("***"):
                found.setdefault(redact(before), []).append((hashed(secret, value), time))
    return tuple(Values(name, tuple(sorted(found[name]))) for name in sorted(found)[:PLACES])


def _values(draft: Draft, raw: JSON) -> Sequence[tuple[str, str]]:
    """As the entry says it, since redaction makes all mails alike; else as it is shown."""
    return next(filter(None, (values(draft.template, text) for text in _texts(raw))), [])


def _texts(raw: JSON) -> Iterator[str]:
    yield entries.message(raw)
    yield entries.title(raw, limit=4_000)
