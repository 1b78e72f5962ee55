"""Decides which parts of a card may appear in a public place.

In a public repository, values that vary between entries (users, ids, addresses) are removed:
messages appear as their template, and sentences about them lose those values too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.model.report import Card, Cluster
from bot.core.text import display

SLOT = "<*>"

_PAYLOADS = ("textPayload", "jsonPayload", "protoPayload", "httpRequest")
_WORD = re.compile(r"[^\s'\"`()\[\]{}<>,;=|]+")
# Identifies a person or thing in any context: an address, a long number, a random id.
_TELLING = re.compile(
    r"\S*@\S+|\S*\d{6,}\S*|\b(?=[A-Za-z\d_-]*\d)(?=[A-Za-z\d_-]*[A-Za-z])[\w-]{16,}"
)
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """A card's texts, not yet escaped."""

    message: str
    cause: str | None
    impact: str | None
    next: str | None
    reasons: tuple[str, ...]
    routes: tuple[str, ...]
    symptoms: tuple[str, ...]
    """One per symptom, in the card's order."""


def shown(card: Card, *, public: bool) -> Shown:
    """Returns everything for a private repository; for a public one, without varying values."""
    cluster = card.cluster
    reasons = (*(card.incident.reasons if card.incident else ()), *cluster.reasons)
    if not public:
        return Shown(
            message=cluster.title or cluster.template,
            cause=cluster.cause,
            impact=cluster.impact,
            next=cluster.next,
            reasons=reasons,
            routes=cluster.routes,
            symptoms=tuple(c.title or c.template for c in card.symptoms),
        )
    values = frozenset(v for c in (cluster, *card.symptoms) for v in _varying(c))

    def safe(text: str | None) -> str | None:
        return None if text is None else _without(text, values)

    return Shown(
        message=display.template(cluster.template) or SLOT,
        cause=safe(cluster.cause),
        impact=safe(cluster.impact),
        next=safe(cluster.next),
        reasons=tuple(_without(reason, values) for reason in reasons),
        # A route may contain an id or a token, and its query string anything a client sent.
        routes=(),
        symptoms=tuple(c.template or SLOT for c in card.symptoms),
    )


def _varying(cluster: Cluster) -> Iterator[str]:
    """Yields the words of its entries that are not in its template."""
    fixed = set(_words(cluster.template))
    for text in (str(cluster.location or ""), *cluster.services, *cluster.revisions):
        fixed.update(_words(text))
    texts = [cluster.title]
    for entry in (cluster.sample, *cluster.examples):
        texts += [text for key in _PAYLOADS for text in _leaves(entry.get(key), _DEPTH)]
    for text in texts:
        yield from (word for word in _words(text) if word not in fixed and _tells(word))


def _tells(word: str) -> bool:
    # A short number such as "12" identifies nobody, and many of our sentences contain one.
    return len(word) >= 3 and not (word.isdigit() and len(word) <= 4)


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text):
        if word := found[0].strip(".:!?"):
            yield word


def _leaves(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping) and depth:
        for part in value.values():
            yield from _leaves(part, depth - 1)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and depth:
        for part in value:
            yield from _leaves(part, depth - 1)


def _without(text: str, values: frozenset[str]) -> str:
    def hide(found: re.Match[str]) -> str:
        core = found[0].strip(".:!?")
        return found[0].replace(core, SLOT) if core in values else found[0]

    return _WORD.sub(hide, _TELLING.sub(SLOT, text))
