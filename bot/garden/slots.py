"""The values behind a template's slots, read back from a representative message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from bot.garden.mask import SLOT

_SUBJECT = re.compile(
    r"(?i)(?:user|account|customer|tenant|e-?mail|uid|member)[\w ]{0,12}[:=#]?\s?$"
)


def values(template: str, text: str) -> list[tuple[str, str]]:
    """(the words before the slot, its value) for each slot; empty where the text does not fit.

    One pass from left to right, the nearest place of each literal: linear, and exact wherever a
    slot's value does not hold the words that follow it.
    """
    text = " ".join(text.split())
    literals = [" ".join(part.split(" ")) for part in template.split(SLOT)]
    at = text.find(literals[0])
    if at < 0:
        return []
    at += len(literals[0])
    found: list[tuple[str, str]] = []
    for before, literal in pairwise(literals):
        end = text.find(literal, at) if literal.strip() else len(text)
        if end < 0:
            return []
        found.append((before[-40:], text[at:end].strip()))
        at = end + len(literal)
    return found


def same_subject(template: str, texts: Iterable[str], least: int = 3) -> str | None:
    """A user, account or mail that stands in at least `least` of the texts; None if none does."""
    seen: Counter[str] = Counter()
    for text in texts:
        subjects = {value for before, value in values(template, text) if _SUBJECT.search(before)}
        # A name that redaction has taken away tells nobody from another.
        seen.update(s for s in subjects if s and not s.startswith("***"))
    return next(
        (v for v, n in sorted(seen.items(), key=lambda i: (-i[1], i[0])) if n >= least), None
    )
