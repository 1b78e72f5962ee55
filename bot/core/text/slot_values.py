"""The values behind a template's slots, read back from a representative message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from bot.core.text.mask import SLOT

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


def subject_of(before: str) -> str:
    """Whom a value behind these words names: `user`, `account id`; empty where nobody."""
    found = _SUBJECT.search(before[-40:])
    return " ".join(found[0].casefold().rstrip(" :=#").split()) if found else ""


# --- numbers that drift --------------------------------------------------------------------------

_FIGURE = re.compile(r"(\d+(?:\.\d+)?)\s?([A-Za-zµ%]{1,4})[,;.)]?")
_LIMIT_WORDS = r"(?i)\b(?:within|after|timeout|limit|of|for|exceeded|in|than|at)[:= (]*"
_LIMIT = re.compile(_LIMIT_WORDS + "$")
_DRIFTING = re.compile(_LIMIT_WORDS + re.escape(SLOT))
STEPS = 4
"""A number that takes more values than this varies; it does not drift."""


def may_drift(template: str) -> bool:
    """Whether a value stands behind a word that announces a limit or a duration."""
    return _DRIFTING.search(template) is not None


def drift(messages: Iterable[tuple[str, str, int]]) -> str | None:
    """`within 1.2s → 2.8s`: a limit or duration that went one way over time; None if none did.

    `messages`: (template, text, time) of representatives, in any order. Told where each value
    held for a while and was never seen again, for 2 to 4 values of one unit.
    """
    seen: dict[tuple[str, str], list[tuple[int, float, str]]] = {}
    for template, text, time in messages:
        for before, value in values(template, text):
            if (figure := _FIGURE.fullmatch(value)) and _LIMIT.search(before):
                words = " ".join(before.split()[-1:])
                seen.setdefault((words, figure[2]), []).append((time, float(figure[1]), value))
    for (words, _unit), told in sorted(seen.items()):
        told.sort()
        runs = [told[0]]
        for point in told[1:]:
            if point[1] != runs[-1][1]:
                runs.append(point)
        numbers = [number for _, number, _ in runs]
        if 2 <= len(runs) <= STEPS and numbers in (sorted(numbers), sorted(numbers)[::-1]):
            return f"{words} {' → '.join(value.rstrip(',;.)') for _, _, value in runs)}"
    return None
