"""Finds what a person probably meant: the nearest word, window, severity or time zone. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import fuzz, process, utils

from bot.core.commands import time_windows
from bot.core.commands.days import SLASHED
from bot.core.model.environment import Environment
from bot.core.model.errors import UsageError
from bot.core.model.values import Severity
from bot.core.text import display

NEAR = 70.0
"""How alike two words must be, of 100, for one to be taken for a slip of the other."""
quoted = display.quoted


def tidy(text: str) -> str:
    """Removes quotes, full-width forms, back-ticks and sentence punctuation."""
    plain = unicodedata.normalize("NFKC", display.clean(text))
    plain = re.sub(r"[\"'`\u2018-\u201f\u00ab\u00bb\u2039\u203a]", "", plain)
    plain = plain.replace("\u2212", "-")
    plain = re.sub(r"^\s*/?gardener(?=\s|$)", "", plain, flags=re.IGNORECASE)
    kept = (token.strip(",;!?()").rstrip(".:") for token in plain.split())
    return " ".join(filter(None, kept))


def zone_near(words: Sequence[str], environment: Environment) -> str:
    """Returns the time zone typed or probably meant; the environment's if none is near."""
    text = " ".join(words)
    try:
        return time_windows.parse_zone(text)
    except UsageError:
        return time_windows.nearest_zone(text) or environment.timezone


def windows_near(window: Sequence[str]) -> Iterator[list[str]]:
    """Yields windows that may have been meant, nearest first."""
    said = time_windows.normal(" ".join(window))
    words = time_windows.VOCABULARY
    spelled = [
        word if word in words or not word.isalpha() else nearest(word, words) or word
        for word in said.split(" ")
    ]
    if spelled != said.split(" "):
        yield spelled
    yield from _turned(said)
    for end in range(len(window) - 1, 0, -1):
        yield list(window[:end])
    for start in range(1, len(window)):
        yield list(window[start:])
    if found := re.match(r"(\d{1,12})\s*([a-z]?)", said, re.ASCII):
        unit = found[2] if found[2] in {"m", "h", "d", "w"} else "d"
        amount = int(found[1])
        longest = {"m": 43_200, "h": 720, "d": 30, "w": 4}[unit]
        if amount > 0:
            yield [f"{min(amount, longest)}{unit}"]
    elif re.match(r"\d", said):
        yield ["30d"]
    if "days ago" in said or re.search(r"20\d\d-", said):
        yield ["30d"]
    if meant := nearest(said.split(" ")[0] if said else "", ["today", "yesterday"]):
        yield [meant]
    if (words_ := said.split(" ")) and nearest(words_[0], ["since"]):
        yield ["since", *words_[1:]]


def _turned(said: str) -> Iterator[list[str]]:
    """Yields the past for the future, a range the right way round, and dates that are clear."""
    for ahead, past in (("tonight", "last night"), ("next", "last"), ("this", "yesterday")):
        if re.search(rf"\b{ahead}\b", said):
            yield re.sub(rf"\b{ahead}\b", past, said).split(" ")
    if ends := re.fullmatch(r"((?:from|between) )?(.+?) (to|and|until) (.+)", said):
        yield f"{ends[1] or ''}{ends[4]} {ends[3]} {ends[2]}".split(" ")
    for clear in (r"\3-\2-\1", r"\3-\1-\2"):
        if (date := SLASHED.sub(clear, said)) != said:
            yield date.split(" ")
    if (clock := re.sub(r"\b(\d{1,2})\.(\d{2})\b", r"\1:\2", said)) != said:
        yield clock.split(" ")


def severity(value: str) -> Severity | None:
    """Parses a severity in any case; None if unknown."""
    try:
        return Severity[value.upper()]
    except KeyError:
        return None


def nearest(word: str, known: Iterable[str], near: float = NEAR) -> str | None:
    """The known word that a person probably meant; None where nothing is near."""
    if not word or len(word) > 60:
        return None
    best = process.extractOne(
        word, list(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=near
    )
    if best:
        return str(best[0])
    starts = [k for k in known if len(word) >= 3 and k.casefold().startswith(word.casefold())]
    return starts[0] if len(starts) == 1 else None


def known(names: Sequence[str]) -> str:
    """Renders `Known: staging, prod`, as a sentence."""
    return f"Known: {', '.join(names)}." if names else "No environment is set up yet."
