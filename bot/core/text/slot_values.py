"""Reads the values behind a template's slots back from a representative message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from bot.core.text.mask import SLOT

_SUBJECT = re.compile(
    r"(?i)(?:user|account|customer|tenant|e-?mail|uid|member)[\w ]{0,12}[:=#]?\s?$"
)


def values(template: str, text: str) -> list[tuple[str, str]]:
    """Returns (text before the slot, its value) per slot; empty if the text does not match.

    Takes the nearest occurrence of each literal, in one pass from left to right: linear, and exact
    unless a slot's value contains the literal that follows it.
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
    """Returns the subject that the words before a slot name: `user`, `account id`; else empty."""
    found = _SUBJECT.search(before[-40:])
    return " ".join(found[0].casefold().rstrip(" :=#").split()) if found else ""


# --- numbers that drift --------------------------------------------------------------------------

_FIGURE = re.compile(r"(\d+(?:\.\d+)?)\s?([A-Za-zµ%]{1,4})[,;.)]?")
_LIMIT_WORDS = r"(?i)\b(?:within|after|timeout|limit|of|for|exceeded|in|than|at)[:= (]*"
_LIMIT = re.compile(_LIMIT_WORDS + "$")
_DRIFTING = re.compile(_LIMIT_WORDS + re.escape(SLOT))
STEPS = 4
"""Values up to which a number drifts; one with more values merely varies."""


def may_drift(template: str) -> bool:
    """Returns whether a slot follows a word that announces a limit or a duration."""
    return _DRIFTING.search(template) is not None


def drift(messages: Iterable[tuple[str, str, int]]) -> str | None:
    """Finds a limit or duration that rose or fell steadily: `within 1.2s → 2.8s`; None if none.

    `messages`: (template, text, time) of representatives, in any order. A drift has 2 to `STEPS`
    values of one unit, each seen for a while, and not again after the next one.
    """
    series: dict[tuple[str, str], list[tuple[int, float, str]]] = {}
    for template, text, time in messages:
        for before, value in values(template, text):
            if (figure := _FIGURE.fullmatch(value)) and _LIMIT.search(before):
                words = " ".join(before.split()[-1:])
                series.setdefault((words, figure[2]), []).append((time, float(figure[1]), value))
    for (words, _unit), points in sorted(series.items()):
        points.sort()
        runs = [points[0]]
        for point in points[1:]:
            if point[1] != runs[-1][1]:
                runs.append(point)
        numbers = [number for _, number, _ in runs]
        if 2 <= len(runs) <= STEPS and numbers in (sorted(numbers), sorted(numbers)[::-1]):
            return f"{words} {' → '.join(value.rstrip(',;.)') for _, _, value in runs)}"
    return None
